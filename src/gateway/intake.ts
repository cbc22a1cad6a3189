import type { StreamMessage } from '../nats/index.js';
import type { Log } from '../telemetry/index.js';
import type { Cosigner } from './cosigner.js';
import { receive } from './incoming.js';
import type { Incoming, Shard, Who } from './incoming.js';
import type { Node } from './node.js';
import { keyOf } from './nodes.js';
import type { Nodes } from './nodes.js';
import type { Reporter } from './reporter.js';
import type { SilenceWatch } from './silence-watch.js';

export interface IntakeParts {
  readonly nodes: Nodes;
  readonly cosigner: Cosigner;
  readonly reporter: Reporter;
  readonly silence: SilenceWatch;
  readonly shard: Shard;
  readonly log: Log;
  /** Waits before the disk is asked again; false: it is time to stop. */
  readonly pause: () => Promise<boolean>;
}

/** Copies that are made durable at once: libuv has four threads for it. */
const COMMITS_AT_ONCE = 16;

/**
 * One batch of messages after another: into the copies, durable, then acknowledged, then cosigned. A crash at any point
 * loses nothing: what was not acknowledged comes again, and is a repeat where it was durable already.
 */
export class Intake {
  readonly counts = {
    messages: 0,
    bytes: 0,
    records: 0,
    repeats: 0,
    dropped: 0,
    conflicts: 0,
    refusedRecords: 0,
    refusedMessages: 0,
    otherShard: 0,
    commits: 0,
  };

  constructor(private readonly parts: IntakeParts) {}

  /** False when it stopped before everything was durable; nothing is acknowledged then. */
  async take(messages: readonly StreamMessage[], nowMs: number): Promise<boolean> {
    const touched = new Set<Node>();
    for (const message of messages) await this.takeMessage(message, touched, nowMs);
    const said = await this.report(touched);
    if (!(await this.commit(touched))) return false;
    if (said && !(await this.parts.reporter.flush())) return false;
    for (const node of touched) node.saveAgreed();
    for (const message of messages) message.ack();
    for (const node of touched) this.parts.cosigner.want(node);
    return true;
  }

  /** Says what time alone brings. */
  async tick(nowMs: number): Promise<void> {
    const { nodes, silence, reporter } = this.parts;
    const waiting = new Set([...nodes.openNodes()].filter(({ book }) => book.hasHole));
    for (const node of waiting) node.book.tick(nowMs);
    if (await this.report(waiting)) await this.commit(waiting);
    for (const { node, forMs } of silence.tick(nowMs)) {
      const who = nodes.whoIs(node);
      if (who !== null) reporter.silent(who, forMs, nodes.isStopped(node));
    }
  }

  private async takeMessage(
    { subject, data }: StreamMessage,
    touched: Set<Node>,
    nowMs: number,
  ): Promise<void> {
    this.counts.messages += 1;
    this.counts.bytes += data.length;
    const received = receive(subject, data, this.parts.shard);
    if (!received.ok) {
      if (received.reason === 'other') this.counts.otherShard += 1;
      else this.refuse(subject, received.reason);
      return;
    }
    const { who, records, refused } = received;
    this.counts.refusedRecords += refused;
    if (refused > 0) this.refuse(subject, `${refused} records are not of this node`);
    const node = records.length === 0 ? null : await this.nodeOf(who);
    if (node === null) return;
    touched.add(node);
    for (const record of records) this.takeRecord(node, record, nowMs);
  }

  private takeRecord(node: Node, record: Incoming, nowMs: number): void {
    const taken = node.book.take(record, nowMs);
    this.counts.records += 1;
    if (taken === 'repeat') this.counts.repeats += 1;
    if (taken === 'dropped') this.counts.dropped += 1;
    if (taken === 'conflict') this.counts.conflicts += 1;
    if (taken === 'appended') node.dirty = true;
    // What was heard before proves nothing about now.
    if (taken !== 'appended' && taken !== 'waiting') return;
    if (this.parts.silence.heard(keyOf(node.who), nowMs)) this.parts.reporter.back(node.who);
  }

  private async nodeOf(who: Who): Promise<Node | null> {
    const found = await this.parts.nodes.get(who);
    if (found === 'full') {
      this.parts.reporter.full();
      return null;
    }
    if (found.isNew) {
      this.parts.silence.expect(keyOf(who));
      this.parts.reporter.enrolled(who);
    }
    return found.node;
  }

  /** What must outlive us is written before anything is acknowledged. True when there was something to say. */
  private async report(touched: ReadonlySet<Node>): Promise<boolean> {
    let said = false;
    for (const node of touched) {
      for (const event of node.book.takeEvents()) {
        said = true;
        if (event.event === 'skipped') node.dirty = true;
        if (event.event === 'pinned') await node.pin(event.vkey);
        if (event.event === 'held') await node.hold(event.reason);
        this.parts.reporter.event(node.who, event);
      }
    }
    return said;
  }

  private async commit(touched: ReadonlySet<Node>): Promise<boolean> {
    let dirty = [...touched].filter((node) => node.dirty);
    while (dirty.length > 0) {
      for (let at = 0; at < dirty.length; at += COMMITS_AT_ONCE) {
        await Promise.all(dirty.slice(at, at + COMMITS_AT_ONCE).map((node) => node.commit()));
      }
      this.counts.commits += dirty.length;
      dirty = dirty.filter((node) => node.dirty);
      if (dirty.length === 0) return true;
      this.parts.log.error({ copies: dirty.length }, 'the disk does not take records');
      if (!(await this.parts.pause())) return false;
    }
    return true;
  }

  private refuse(subject: string, reason: string): void {
    this.counts.refusedMessages += 1;
    // Each of them would be a line that a hostile node can make us write.
    if (this.counts.refusedMessages <= 10) this.parts.log.warn({ subject, reason }, 'refused');
  }
}
