import type { Journal, Retired } from '../journal/index.js';
import type { Feeder } from './feeder.js';
import type { OwnRecords } from './own-records.js';

const LOOK_MS = 2000;

interface Parts {
  readonly journal: Pick<Journal, 'committed' | 'cosigned' | 'planRetirement' | 'retire'>;
  readonly feeder: Pick<Feeder, 'say'>;
  readonly own: OwnRecords;
  /** With a gateway, only what it cosigned may go. */
  readonly hasGateway: boolean;
}

/** Lets the oldest segments go: first a record that says so, and when that is durable, the segments. */
export class Retention {
  #planned: { readonly plan: Retired; readonly seq: bigint } | null = null;
  #nextMs = 0;

  constructor(private readonly parts: Parts) {}

  /** Called with every tick. */
  check(): void {
    const { journal } = this.parts;
    if (this.#planned !== null) {
      if (journal.committed < this.#planned.seq) return;
      journal.retire(this.#planned.plan);
      this.#planned = null;
    } else if (performance.now() >= this.#nextMs) {
      this.#plan();
    }
  }

  #plan(): void {
    this.#nextMs = performance.now() + LOOK_MS;
    const { journal, feeder, own, hasGateway } = this.parts;
    const cosignedSize = hasGateway ? journal.cosigned : null;
    const plan = journal.planRetirement(cosignedSize);
    if (plan === null) return;
    const { firstSeq, lastSeq, segments, bytes } = plan;
    const numbers = { firstSeq, lastSeq, segments, bytes: BigInt(bytes) };
    const retention = { ...numbers, cosignedSize: cosignedSize ?? 0n };
    feeder.say(own.retention(retention), (seq) => {
      if (seq !== null) this.#planned = { plan, seq };
    });
  }
}
