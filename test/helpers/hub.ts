import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { escapeToken } from '../../src/subject/index.js';
import { runCommand, startChild, type Finished, type Owner } from './children.js';
import { makePlace, type Place } from './daemon.js';
import { startNatsServer, type NatsServer } from './nats-server.js';
import { waitFor } from './wait.js';

/** Where a fleet's records arrive: a real broker, and the real gateway. */
export interface Hub {
  readonly broker: NatsServer;
  readonly place: Place;
  /** What a node's configuration says to publish here. */
  readonly publish: Readonly<Record<string, unknown>>;
  /** The state directory of the gateway's copy of a node. */
  copyOf(node: string): string;
  /** `watchfloor <command>` over that copy. */
  inCopy(node: string, command: string, ...args: string[]): Promise<Finished>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

export async function startHub(t: Owner): Promise<Hub> {
  const broker = await startNatsServer(t);
  const nats = { servers: [broker.url] };
  const place = makePlace(t, { gateway: { nats } });
  const key = await runCommand(t, place.command('gateway', '--key'));
  if (key.code !== 0) throw new Error(`the gateway has no key: ${key.stderr}`);
  const child = await startGateway(t, place);
  const copyOf = (node: string): string =>
    join(place.stateDir, 'nodes', 'default', escapeToken(node));
  return {
    broker,
    place,
    publish: { nats, gateway_key: key.stdout.trim() },
    copyOf,
    // The last one given counts.
    inCopy: (node, command, ...args) =>
      runCommand(t, place.command(command, '--state-dir', copyOf(node), ...args)),
    stop: async () => {
      const ended = once(child, 'exit') as Promise<[number | null]>;
      child.kill('SIGTERM');
      return (await ended)[0];
    },
  };
}

async function startGateway(t: Owner, place: Place): Promise<ChildProcess> {
  const log = openSync(place.log, 'a', 0o600);
  const child = startChild(t, place.command('gateway'), { stdio: ['ignore', log, log] });
  closeSync(log);
  await waitFor('the gateway', () => {
    const said = existsSync(place.log) ? readFileSync(place.log, 'utf8') : '';
    if (child.exitCode !== null) throw new Error(`the gateway ended:\n${said}`);
    return said.includes('"ready"');
  });
  return child;
}
