import type { Command } from 'commander';
import { escapeText } from '../present/index.js';
import { ask, readSocketPath } from '../readapi/index.js';
import type { Status } from '../telemetry/index.js';
import { EXIT } from './exit.js';
import type { ExitCode } from './exit.js';
import { loadCommon, outputOption, subcommand } from './options.js';
import type { CommonOptions, OutputFormat } from './options.js';
import type { Terminal } from './output.js';
import { readApiFailure } from './records.js';

interface StatusOptions extends CommonOptions {
  readonly output: OutputFormat;
}

/** Negative answer: the daemon runs, and a sensor it wants does not. */
export const statusCommand = (terminal: Terminal, done: (code: ExitCode) => void): Command =>
  subcommand('status', 'say how the daemon is; exit 1 when a sensor is missing', [
    'watchfloor status',
    "watchfloor status -o json | jq '.journal'",
  ])
    .addOption(outputOption())
    .action(async (options: StatusOptions) => {
      const socketPath = readSocketPath(loadCommon(options).config.run_dir);
      const status = await askDaemon<Status>(socketPath, 'status');
      const text = options.output === 'json' ? JSON.stringify(status) : pretty(status);
      await terminal.out.line(text);
      done(status.degraded.length === 0 ? EXIT.ok : EXIT.negative);
    });

export const askDaemon = async <T>(socketPath: string, type: 'status' | 'agents'): Promise<T> => {
  try {
    return (await ask(socketPath, type)) as T;
  } catch (error) {
    throw readApiFailure(error, socketPath);
  }
};

const pretty = (status: Status): string => {
  const running = status.programs.filter(({ state }) => state === 'attached' || state === 'ready');
  return [
    `watchfloor ${status.version}, pid ${status.pid}, up ${duration(status.uptime_s)}, since ${status.started}`,
    `node       ${status.node} (tenant ${status.tenant}), kernel ${status.kernel}`,
    `config     ${status.config ?? 'defaults'}`,
    `sensors    ${running.length} of ${status.programs.length} programs run`,
    ...status.degraded.map((line) => `  missing  ${escapeText(line)}`),
    ...section('journal', status.journal),
    ...section('pipeline', status.pipeline),
    ...section('readers', status.readers),
    ...section('commands', status.commands),
    ...(status.recording === null ? [] : [`recording  ${escapeText(status.recording)}`]),
    ...(status.paused ? ['paused     the journal cannot keep up: the rings fill'] : []),
  ].join('\n');
};

const duration = (seconds: number): string => {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours > 0 ? `${hours}h ${minutes}m` : `${minutes}m ${seconds % 60}s`;
};

/** One line for each branch, its leaves behind it. */
const section = (name: string, tree: unknown): string[] => {
  if (!isBranch(tree)) return [line(name, String(tree))];
  const entries = Object.entries(tree);
  const plain = entries.filter(([, value]) => !isBranch(value));
  const own = plain.map(([key, value]) => `${key}=${String(value)}`).join(' ');
  const inner = entries.flatMap(([key, value]) =>
    isBranch(value) ? section(/^\d+$/.test(key) ? '' : key, value) : [],
  );
  return own === '' ? inner : [line(name, own), ...inner];
};

const isBranch = (value: unknown): value is object => typeof value === 'object' && value !== null;

const line = (name: string, text: string): string => `${name.padEnd(10)} ${escapeText(text)}`;
