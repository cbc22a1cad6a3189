import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJournal } from '../../src/journal/index.js';
import { decodeRecord } from '../../src/record/index.js';
import { endChild, runCommand, startChild, withoutRunner } from './children.js';
import type { Command, Finished, Owner } from './children.js';
import { NODE, TENANT } from './fault-node.js';
import { judge, tokenOf } from './oracle.js';
import type { Judged } from './oracle.js';
import { scratchDirectory } from './scratch.js';
import { waitFor } from './wait.js';

const MAIN = 'dist/main.js';

/** `watchfloor gateway` in a process of its own. */
export class FaultGateway {
  private child: ChildProcess | null = null;

  private constructor(
    private readonly owner: Owner,
    private readonly directory: string,
    readonly key: string,
  ) {}

  static async start(t: Owner, url: string, settings: object = {}): Promise<FaultGateway> {
    const directory = scratchDirectory(t);
    const config = {
      gateway: { state_dir: join(directory, 'state'), nats: { servers: [url] }, ...settings },
    };
    writeFileSync(join(directory, 'config.yaml'), JSON.stringify(config));
    const { stdout, stderr } = await runCommand(t, commandIn(directory, 'gateway', '--key'));
    const key = stdout.trim();
    if (key === '') throw new Error(`the gateway has no key: ${stderr}`);
    const gateway = new FaultGateway(t, directory, key);
    await gateway.begin();
    return gateway;
  }

  /** Starts it, or starts it again. */
  async begin(): Promise<void> {
    const log = openSync(this.logPath, 'a', 0o600);
    const before = this.log.length;
    const child = startChild(this.owner, commandIn(this.directory, 'gateway'), {
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.child = child;
    await waitFor('the gateway', () => {
      if (child.exitCode !== null) throw new Error(`the gateway ended:\n${this.log}`);
      return this.log.slice(before).includes('"ready"');
    });
  }

  get log(): string {
    return existsSync(this.logPath) ? readFileSync(this.logPath, 'utf8') : '';
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child === null || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  }

  async kill(): Promise<void> {
    if (this.child !== null) await endChild(this.child, 'SIGKILL');
  }

  /** Numbers of the actions in the copy it keeps of the node's journal, in its order. */
  tokens(): number[] {
    const directory = join(this.nodeDir, 'journal');
    if (!existsSync(directory)) return [];
    return [...readJournal(directory)].flatMap((entry) => {
      const decoded = 'bytes' in entry ? decodeRecord(entry.bytes) : null;
      const token = decoded?.ok === true ? tokenOf(decoded.record.process?.argv) : null;
      return token ?? [];
    });
  }

  /** Resolves when the copy has so many actions. */
  async holds(count: number): Promise<void> {
    await waitFor('the copy', () => this.tokens().length >= count);
  }

  /** What became of the actions below `until`, as the copy has them. */
  judge(until: number): Judged {
    return judge(this.tokens(), 0, until);
  }

  /** `watchfloor verify` over the copy. */
  verify(): Promise<Finished> {
    return runCommand(this.owner, commandIn(this.directory, 'verify', '--state-dir', this.nodeDir));
  }

  private get nodeDir(): string {
    return join(this.directory, 'state', 'nodes', TENANT, NODE);
  }

  private get logPath(): string {
    return join(this.directory, 'gateway.log');
  }
}

const commandIn = (directory: string, name: string, ...args: string[]): Command =>
  withoutRunner([
    ...([process.execPath, MAIN, name] as const),
    ...['--config', join(directory, 'config.yaml'), ...args],
  ]);
