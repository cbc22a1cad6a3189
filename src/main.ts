#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Output, runCli } from './cli/index.js';
import type { Services, Terminal } from './cli/index.js';
import { readEnvironment } from './config/index.js';

// Node opens its inspector on this signal unless somebody takes it: code execution for whoever may signal us.
process.on('SIGUSR1', () => undefined);

// The reader went away: `watchfloor tail | head` is done.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const readVersion = (): string => {
  const file = new URL('../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
};

const version = readVersion();

const terminal: Terminal = {
  out: new Output(process.stdout),
  err: new Output(process.stderr),
  color: process.stdout.isTTY && !readEnvironment().noColor,
  unicode: process.stdout.isTTY && readEnvironment().utf8,
};

const services: Services = {
  run: async (request) => (await import('./daemon/index.js')).runDaemon(request, version),
  gateway: async (request) => {
    const { gatewayHost } = await import('./daemon/index.js');
    const { runGateway } = await import('./gateway/index.js');
    return runGateway(request, gatewayHost(version));
  },
  gatewayKey: async (request) => (await import('./gateway/index.js')).gatewayKey(request),
  leftPins: async (loaded, remove) => (await import('./daemon/index.js')).leftPins(loaded, remove),
  exercise: async (loaded) => (await import('./daemon/index.js')).exercise(loaded),
};

process.exitCode = await runCli(process.argv.slice(2), version, terminal, services);
