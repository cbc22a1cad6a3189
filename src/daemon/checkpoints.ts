import type { CheckpointInfo } from '../event/index.js';
import type { Journal } from '../journal/index.js';
import { Severity } from '../record/index.js';
import type { RecordBody } from '../record/index.js';
import type { Signer } from '../signer/index.js';
import type { Log } from '../telemetry/index.js';
import type { Feeder } from './feeder.js';
import type { OwnRecords } from './own-records.js';

const EVERY_MS = 5000;
const EVERY_RECORDS = 1000n;
/** A flood of findings is signed together. */
const PAUSE_MS = 100;

/** Kinds that are signed as soon as they are durable; high findings are, too. */
const URGENT = new Set(['gap', 'config']);

interface Parts {
  readonly journal: Pick<
    Journal,
    'committed' | 'consistencyProof' | 'onCommit' | 'saveCheckpoint' | 'tree'
  >;
  /** null: nobody signs. */
  readonly signer: Pick<Signer, 'checkpoint' | 'state' | 'vkey'> | null;
  readonly feeder: Pick<Feeder, 'say'>;
  readonly own: OwnRecords;
  readonly log: Log;
}

/** Has the tree over what is durable signed: every 5 s, every 1,000 records, and behind what must not be lost. */
export class Checkpoints {
  /** The last record that is a checkpoint: alone it is nothing to sign. */
  #recordSeq = 0n;
  #wanted: bigint | null = null;
  #nextMs = 0;
  #pausedUntilMs = 0;
  #making: Promise<unknown> | null = null;
  #problem: string | null = null;

  constructor(private readonly parts: Parts) {
    parts.journal.onCommit(() => {
      this.check();
    });
  }

  /** A record got its number. */
  journaled({ kind = '', severity = 0 }: RecordBody, seq: bigint): void {
    if (URGENT.has(kind) || severity >= Severity.high) this.#wanted = seq;
  }

  /** Called with every tick and every commit. */
  check(): void {
    if (this.#making !== null || !this.#isDue(performance.now())) return;
    this.#nextMs = performance.now() + EVERY_MS;
    this.#pausedUntilMs = performance.now() + PAUSE_MS;
    this.#wanted = null;
    this.#making = this.#make().finally(() => {
      this.#making = null;
    });
  }

  /** At the end of a run, with everything durable: a checkpoint as a record, and one that covers that record too. */
  async seal(flush: () => Promise<unknown>): Promise<void> {
    await this.#making;
    // And nothing is signed in between.
    this.#making = this.#sealNow(flush);
    await this.#making;
  }

  async #sealNow(flush: () => Promise<unknown>): Promise<void> {
    if (this.parts.journal.committed > this.#recordSeq) await this.#make();
    await flush();
    const last = await this.#sign();
    if (last !== null) this.parts.journal.saveCheckpoint(last.note);
  }

  #isDue(nowMs: number): boolean {
    const { committed } = this.parts.journal;
    const signed = this.parts.signer?.state.size ?? committed;
    // Other records may have got their numbers while it was signed: they come before it, and are not signed yet.
    const isAlone = committed === this.#recordSeq && committed === signed + 1n;
    if (committed <= signed || isAlone || nowMs < this.#pausedUntilMs) return false;
    const urgent = this.#wanted !== null && committed >= this.#wanted;
    return urgent || nowMs >= this.#nextMs || committed - signed >= EVERY_RECORDS;
  }

  async #make(): Promise<void> {
    const { journal, feeder, own } = this.parts;
    const signed = await this.#sign();
    if (signed === null) return;
    journal.saveCheckpoint(signed.note);
    feeder.say(own.checkpoint(signed), (seq) => {
      this.#recordSeq = seq ?? this.#recordSeq;
    });
  }

  /** null: nothing to sign, or nobody signs it. */
  async #sign(): Promise<CheckpointInfo | null> {
    const { journal, signer } = this.parts;
    if (signer === null) return null;
    const { size, root, range } = journal.tree();
    const oldSize = signer.state.size;
    if (size <= oldSize) return null;
    const proof = journal.consistencyProof(oldSize, size);
    if (proof === null) return this.#failed('the journal cannot prove that it grew from there');
    const answer = await signer.checkpoint({ size, root, oldSize, proof, range });
    if (!answer.ok) return this.#failed(answer.reason);
    this.#problem = null;
    return { size, root, note: answer.note, vkey: signer.vkey, oldSize, proof, range };
  }

  /** Said once for each reason; the next one is tried after the usual while. */
  #failed(reason: string): null {
    if (this.#problem === reason) return null;
    this.#problem = reason;
    const { feeder, own, log } = this.parts;
    log.error({ reason }, 'the journal is not signed');
    feeder.say(own.sensor('unsigned', reason, {}, 'degraded'));
    return null;
  }
}
