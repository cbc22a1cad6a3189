import type { Journal } from '../journal/index.js';
import type { PipelineSnapshot } from '../pipeline.js';
import type { PublishStats } from '../publish/index.js';
import type { RecordBody } from '../record/index.js';
import type { Signer } from '../signer/index.js';
import type { Log } from '../telemetry/index.js';
import { Checkpoints } from './checkpoints.js';
import type { Feeder } from './feeder.js';
import { Heartbeats } from './heartbeats.js';
import type { OwnRecords } from './own-records.js';
import { Pulse } from './pulse.js';
import { Retention } from './retention.js';
import type { SelfReport } from './self-report.js';

/** Of old segments, checked with each tick: 0.3 MB/s, so that a tick takes less than a millisecond of it. */
const SCRUB_BYTES = 32 << 10;

export interface EvidenceParts {
  readonly journal: Journal;
  /** null: nobody signs. */
  readonly signer: Signer | null;
  readonly publish: () => PublishStats | null;
  readonly snapshot: () => PipelineSnapshot;
  readonly hasGateway: boolean;
  readonly feeder: Feeder;
  readonly own: OwnRecords;
  readonly report: SelfReport;
  readonly log: Log;
  readonly version: string;
  readonly kernel: string;
}

/** What makes the journal more than a file while it grows: signatures, heartbeats, retention, a look at what is old. */
export class Evidence {
  readonly #checkpoints: Checkpoints;
  readonly #heartbeats: Heartbeats;
  readonly #retention: Retention;
  readonly #pulse = new Pulse();

  constructor(private readonly parts: EvidenceParts) {
    this.#checkpoints = new Checkpoints(parts);
    this.#heartbeats = new Heartbeats(parts);
    this.#retention = new Retention(parts);
    parts.journal.onSealed((sealed) => {
      parts.report.sealed(sealed);
    });
  }

  journaled(body: RecordBody, seq: bigint): void {
    this.#checkpoints.journaled(body, seq);
  }

  /** Called with every tick, `bootNs` its time. */
  check(bootNs: bigint): void {
    const { journal, report } = this.parts;
    const held = this.#pulse.beat(bootNs);
    if (held !== null) report.held(held);
    this.#checkpoints.check();
    this.#heartbeats.check();
    this.#retention.check();
    for (const damage of journal.scrub(SCRUB_BYTES)) report.damaged(damage);
  }

  /** Everything said so far is durable and signed when this resolves. */
  async seal(): Promise<void> {
    const { journal } = this.parts;
    await journal.flush();
    await this.#checkpoints.seal(() => journal.flush());
  }
}
