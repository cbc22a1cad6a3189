import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { PublishEvent, PublisherOptions } from '../../src/publish/index.js';
import { endChild, followJson, startChild, withoutRunner } from './children.js';
import type { Owner } from './children.js';
import { scratchDirectory } from './scratch.js';
import { waitFor } from './wait.js';

export const TENANT = 'default';
export const NODE = 'fault-1';

export interface FaultNodeOptions {
  readonly url: string;
  /** The gateway's verifier key; null: nobody cosigns. */
  readonly gatewayKey: string | null;
  /** Of an earlier process; otherwise one that is new. */
  readonly stateDir?: string;
  /** The token it goes on with. */
  readonly firstToken?: number;
  readonly assembly?: boolean;
  /** The publisher's, where a test cannot wait as long. */
  readonly times?: PublisherOptions['times'];
}

/** The publisher's numbers, 64-bit ones as text, and the process's. */
export interface NodeStats {
  readonly committed: string;
  readonly acked: string;
  readonly backlog: string;
  readonly cosigned: string;
  readonly inFlight: number;
  readonly link: { readonly state: string; readonly connects: number };
  readonly duplicates: number;
  readonly resent: number;
  readonly rejected: number;
  readonly stubs: number;
  /** How often everything was sent again because nothing was cosigned. */
  readonly forgotten: number;
  readonly lastError: string | null;
  readonly cosignatures: { readonly refused: number } | null;
  readonly rssBytes: number;
}

/** Everything acknowledged, and cosigned as far as there is a signed tree: the checkpoint itself comes behind it. */
export const isThrough = ({ backlog, cosigned, committed }: NodeStats): boolean =>
  backlog === '0' && Number(cosigned) >= Number(committed) - 1;

/** What the publisher said, with 64-bit numbers as text. */
export type NodeEvent = { readonly event: PublishEvent['event'] } & Readonly<
  Record<string, unknown>
>;

/** A line of test/faults/fixtures/node.mjs. */
type Said =
  | { readonly says: 'ready'; readonly vkey: string }
  | { readonly says: 'committed'; readonly tokens: number }
  | { readonly says: 'stats'; readonly stats: NodeStats }
  | { readonly says: 'held'; readonly heldBytes: number }
  | { readonly says: 'event'; readonly event: NodeEvent }
  | { readonly says: 'note'; readonly text: string }
  | { readonly says: 'stopped' };

/**
 * A node without sensors in a process of its own: journal, signer and publisher as in the daemon. Its records are those of
 * an agent whose actions are numbered from 0.
 */
export class FaultNode {
  readonly stateDir: string;
  private readonly child: ChildProcess;
  private readonly said: Said[];

  private constructor(t: Owner, options: FaultNodeOptions) {
    this.stateDir = options.stateDir ?? join(scratchDirectory(t), 'state');
    const argument = {
      ...{ tenant: TENANT, node: NODE, firstToken: 0, assembly: false, times: {} },
      ...options,
      stateDir: this.stateDir,
    };
    const script = ['test/faults/fixtures/node.mjs', JSON.stringify(argument)] as const;
    this.child = startChild(t, withoutRunner([process.execPath, '--expose-gc', ...script]), {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.said = followJson<Said>(this.child);
  }

  static async start(t: Owner, options: FaultNodeOptions): Promise<FaultNode> {
    const node = new FaultNode(t, options);
    await node.wait('the node', 'ready');
    return node;
  }

  /** Actions that are durable: those with a smaller number. */
  get committed(): number {
    return this.last('committed')?.tokens ?? 0;
  }

  get events(): readonly NodeEvent[] {
    return this.said.flatMap((line) => (line.says === 'event' ? [line.event] : []));
  }

  /** One line each, for an operator. */
  get notes(): readonly string[] {
    return this.said.flatMap((line) => (line.says === 'note' ? [line.text] : []));
  }

  /** Resolves when so many more actions, and a checkpoint over them, are durable. */
  async append(count: number): Promise<void> {
    await this.ask(`append ${count}`, 'committed');
  }

  /** The same of actions whose command lines are long. */
  async appendLarge(count: number): Promise<void> {
    await this.ask(`large ${count}`, 'committed');
  }

  async stats(): Promise<NodeStats> {
    return (await this.ask('stats', 'stats')).stats;
  }

  /** Heap and buffers of the process after a collection. */
  async heldBytes(): Promise<number> {
    return (await this.ask('held', 'held')).heldBytes;
  }

  /** The first statistics that fit. */
  async reaches(
    what: string,
    fits: (stats: NodeStats) => boolean,
    deadlineMs?: number,
  ): Promise<NodeStats> {
    const look = async (): Promise<NodeStats | null> => {
      const stats = await this.stats();
      return fits(stats) ? stats : null;
    };
    return waitFor(what, look, deadlineMs);
  }

  saw(event: PublishEvent['event'], deadlineMs?: number): Promise<NodeEvent> {
    const found = (): NodeEvent | undefined => this.events.find((one) => one.event === event);
    return waitFor(`the event ${event}`, found, deadlineMs);
  }

  /** Ends in order. */
  async stop(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.stdin?.write('stop\n');
    await gone;
  }

  kill(): Promise<void> {
    return endChild(this.child, 'SIGKILL');
  }

  private async ask<Says extends Said['says']>(
    command: string,
    answer: Says,
  ): Promise<Extract<Said, { says: Says }>> {
    const before = this.all(answer).length;
    this.child.stdin?.write(`${command}\n`);
    return waitFor(`the answer to ${command}`, () => this.all(answer)[before], 300_000);
  }

  private wait(what: string, says: Said['says']): Promise<Said> {
    return waitFor(what, () => {
      if (this.child.exitCode !== null) throw new Error(`the node ended: ${this.child.exitCode}`);
      return this.last(says);
    });
  }

  private all<Says extends Said['says']>(says: Says): Extract<Said, { says: Says }>[] {
    return this.said.filter((line): line is Extract<Said, { says: Says }> => line.says === says);
  }

  private last<Says extends Said['says']>(says: Says): Extract<Said, { says: Says }> | undefined {
    return this.all(says).at(-1);
  }
}
