import type { ChildProcess } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endChild, startChild } from './children.js';
import type { Owner } from './children.js';
import { scratchDirectory } from './scratch.js';
import { waitFor } from './wait.js';

export interface NatsServerOptions {
  /** More lines of the server's configuration, such as `max_payload: 1024` or users with permissions. */
  readonly config?: string;
  /** JetStream with a store on disk; true unless told. */
  readonly jetstream?: boolean;
  /** The scheme of `url`; `tls` where the configuration says so. */
  readonly scheme?: 'nats' | 'tls';
}

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  /** Where JetStream keeps its streams. */
  readonly storeDir: string;
  /** What the server logged, over all its lives. */
  readonly log: readonly string[];
  /** The pid of the life it is in. */
  readonly pid: number;
  /** Ends it as an administrator would; it may be started again. */
  stop(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Starts it again at the same port, over the same store unless `wiped`. Ends it first where it runs. */
  restart(how?: { readonly wiped?: boolean; readonly config?: string }): Promise<void>;
}

const LISTENING = /Listening for client connections on 127\.0\.0\.1:(\d+)/;
const RANDOM_PORT = -1;

/** Debian's nats-server on a port of the loopback that was free, gone when the test ends. */
export async function startNatsServer(
  t: Owner,
  { config = '', jetstream = true, scheme = 'nats' }: NatsServerOptions = {},
): Promise<NatsServer> {
  const directory = scratchDirectory(t);
  const storeDir = join(directory, 'store');
  const file = join(directory, 'nats.conf');
  const log: string[] = [];
  let child: ChildProcess | null = null;
  let port = RANDOM_PORT;
  let extra = config;

  const start = async (): Promise<void> => {
    const store = jetstream ? `jetstream { store_dir: "${storeDir}" }` : '';
    writeFileSync(file, `host: "127.0.0.1"\nport: ${port}\n${store}\n${extra}\n`);
    const begun = log.length;
    const started = startChild(t, ['nats-server', '-c', file]);
    child = started;
    if (started.stderr === null) throw new Error('nats-server has no log');
    createInterface({ input: started.stderr }).on('line', (line) => log.push(line));
    await waitFor('nats-server to be ready', () => {
      if (started.exitCode !== null) throw new Error(`nats-server ended:\n${log.join('\n')}`);
      const lines = log.slice(begun);
      port = Number(lines.map((line) => LISTENING.exec(line)?.[1]).find(Boolean) ?? port);
      return lines.some((line) => line.includes('Server is ready'));
    });
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child !== null) await endChild(child, signal);
  };

  await start();
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    port,
    storeDir,
    log,
    get pid() {
      return child?.pid ?? 0;
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async restart({ wiped = false, config: changed } = {}) {
      await end('SIGTERM');
      extra = changed ?? extra;
      if (wiped) rmSync(storeDir, { recursive: true, force: true });
      await start();
    },
  };
}
