import type { Origin, WireHeadEvent } from '../event/index.js';
import { DatagramOpening, isQuestion, questionsIn } from './datagram-opening.js';
import { DNS_PORT, saidHttp, type FirstBytes } from './first-bytes.js';
import type { FlowEntry } from './flow-entry.js';
import { HelloStream, QuestionStream, type StreamOpening } from './stream-opening.js';
import { looksLikeHello } from './tls-records.js';

const OPENINGS_MAX = 1024;
/** A hello is sent at once; what is missing of it so long after is not coming. */
const PATIENCE_NS = 1_000_000_000n;

interface Kept {
  readonly opening: StreamOpening | DatagramOpening;
  /** Of the last piece. */
  origin: Origin;
}

export interface Said {
  readonly entry: FlowEntry;
  readonly origin: Origin;
  readonly said: readonly FirstBytes[];
}

/** What flows say first, put together over packets. */
export class Openings {
  readonly #kept = new Map<FlowEntry, Kept>();
  readonly #stats = { evictedOpenings: 0, partial: 0 };

  on(entry: FlowEntry, event: WireHeadEvent): readonly Said[] {
    const { origin } = event;
    if (event.tuple.protocol !== 'tcp' && isQuestion(event)) {
      return [{ entry, origin, said: questionsIn(event) }];
    }
    const kept = this.#kept.get(entry) ?? this.#begin(event);
    if (kept === null) return [{ entry, origin, said: event.offset === 0 ? saidHttp(event) : [] }];
    kept.origin = origin;
    const said = kept.opening.on(event);
    const evicted = this.#keep(entry, kept);
    return [{ entry, origin, said }, ...evicted];
  }

  /** What was never whole is said as far as it came. */
  tick(bootNs: bigint): readonly Said[] {
    const late: Said[] = [];
    for (const [entry, kept] of this.#kept) {
      const { opening, origin } = kept;
      if (!opening.isWaiting || bootNs - origin.bootNs < PATIENCE_NS) continue;
      late.push(this.#giveUp(entry, kept));
      if (opening.isDone) this.#kept.delete(entry);
    }
    return late;
  }

  /** The flow is forgotten: the same for it alone. */
  end(entry: FlowEntry): readonly Said[] {
    const kept = this.#kept.get(entry);
    if (kept === undefined) return [];
    this.#kept.delete(entry);
    return kept.opening.isWaiting ? [this.#giveUp(entry, kept)] : [];
  }

  stats(): { openings: number; evictedOpenings: number; partial: number } {
    return { openings: this.#kept.size, ...this.#stats };
  }

  #begin(event: WireHeadEvent): Kept | null {
    const { tuple, offset, bytes, origin } = event;
    if (tuple.protocol !== 'tcp') return { opening: new DatagramOpening(), origin };
    if (tuple.dstPort === DNS_PORT) return { opening: new QuestionStream(), origin };
    return looksLikeHello(bytes) ? { opening: new HelloStream(offset), origin } : null;
  }

  /** As the newest, or not at all where nothing more is to be read. */
  #keep(entry: FlowEntry, kept: Kept): readonly Said[] {
    this.#kept.delete(entry);
    if (kept.opening.isDone) return [];
    this.#kept.set(entry, kept);
    if (this.#kept.size <= OPENINGS_MAX) return [];
    const [oldest] = this.#kept.keys();
    if (oldest === undefined) return [];
    this.#stats.evictedOpenings += 1;
    return this.end(oldest);
  }

  #giveUp(entry: FlowEntry, { opening, origin }: Kept): Said {
    this.#stats.partial += 1;
    return { entry, origin, said: opening.giveUp() };
  }
}
