import { existsSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { endChild, startChild, type Owner } from '../test/helpers/children.js';
import { makePlace, readAll, startDaemon, type Daemon } from '../test/helpers/daemon.js';
import { ofKind } from '../test/helpers/line.js';
import { waitFor } from '../test/helpers/wait.js';
import { NODE_LOAD, TLS_LOAD } from './loads.js';
import { moveAside, pinned } from './machine.js';

export const CONSUMERS = ['baseline', 'watchfloor', 'bcc'] as const;
export type ConsumerName = (typeof CONSUMERS)[number];

/** A watcher that watches when its promise resolves. */
export interface Running {
  readonly pid: number | null;
  stop(): Promise<void>;
}

/** Where bcc's sslsniff is, by the name given or by those Debian and bcc itself use; null: nowhere. */
export function findSslsniff(given: string | null): string | null {
  const names =
    given === null ? ['/usr/sbin/sslsniff-bpfcc', '/usr/share/bcc/tools/sslsniff'] : [given];
  return names.find((name) => existsSync(name)) ?? null;
}

/** The TLS loads are agents; the servers, exec, connect and system call loads are nobody's. */
const config = {
  agents: {
    signatures: false,
    rules: [
      { id: 'bench/loads/openssl', match: { exe: [TLS_LOAD], argv: ['* memory *', '* tcp *'] } },
      {
        id: 'bench/loads/node',
        match: { exe: [realpathSync(process.execPath)], argv: [`* ${NODE_LOAD} *`] },
      },
    ],
  },
};

/** The daemon with the library and Node probed: agents that hardly do anything keep them so. */
export async function startWatchfloor(owner: Owner, ...args: string[]): Promise<Daemon> {
  const daemon = await startDaemon(owner, makePlace(owner, config), ...args);
  const idle = ['--size', '200', '--rate', '2', '--count', '200000'];
  startChild(owner, [TLS_LOAD, 'memory', ...idle], { stdio: 'ignore' });
  startChild(owner, [process.execPath, NODE_LOAD, 'idle', '0'], { stdio: 'ignore' });
  await waitFor('plaintext coverage of both', async () => {
    const coverage = ofKind(await readAll(owner, daemon.place), 'coverage');
    const readable = coverage.filter(({ coverage }) => coverage?.state === 'plaintext');
    return new Set(readable.map(({ process }) => process?.exe)).size === 2;
  });
  return daemon;
}

/** bcc's sslsniff, on OpenSSL and on Node, with every byte asked for, writing to nowhere. */
async function startSslsniff(owner: Owner, path: string): Promise<Running> {
  const node = `openssl:${realpathSync(process.execPath)}`;
  const options = ['--no-gnutls', '--no-nss', '--max-buffer-size', '16384', '--extra-lib', node];
  const child = startChild(owner, pinned(1, [path, ...options]), {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const pid = child.pid ?? 0;
  let [last, steady] = [0, 0];
  await waitFor('the probes of sslsniff', () => {
    if (child.exitCode !== null) throw new Error(`it does not run here: ${said.slice(0, 200)}`);
    const probes = perfEvents(pid);
    steady = probes === last ? steady + 1 : 0;
    last = probes;
    return probes > 0 && steady > 25;
  });
  return { pid, stop: () => endChild(child, 'SIGKILL') };
}

/** Perf events a process holds: each probe is one, and each CPU's buffer. */
function perfEvents(pid: number): number {
  const dir = `/proc/${pid}/fd`;
  return readdirSync(dir).filter((fd) => linkOf(`${dir}/${fd}`).includes('[perf_event]')).length;
}

/** Empty when the descriptor was closed meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

export async function startConsumer(
  owner: Owner,
  name: ConsumerName,
  sslsniff: string | null,
): Promise<Running> {
  switch (name) {
    case 'baseline':
      return { pid: null, stop: () => Promise.resolve() };
    case 'watchfloor': {
      const daemon = await startWatchfloor(owner);
      moveAside(daemon.pid);
      const stop = async (): Promise<void> => {
        await daemon.stop();
      };
      return { pid: daemon.pid, stop };
    }
    case 'bcc':
      if (sslsniff === null) throw new Error('sslsniff is not installed (bpfcc-tools)');
      return startSslsniff(owner, sslsniff);
  }
}
