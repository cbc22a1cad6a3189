import type { Pinning, ProgramStatus } from '../event/index.js';
import type { Damage, Recovered, Retired } from '../journal/index.js';
import type { PipelineSnapshot } from '../pipeline.js';
import { missingPins, missingSensors } from '../telemetry/index.js';
import type { Log } from '../telemetry/index.js';
import type { Feeder } from './feeder.js';
import type { LastRun } from './last-run.js';
import type { OwnRecords } from './own-records.js';

const HEARTBEAT_MS = 60_000;

interface Parts {
  readonly feeder: Feeder;
  readonly own: OwnRecords;
  readonly log: Log;
  readonly version: string;
}

/** Journals what became of the sensors, the journal and the run before; the log hears what somebody should look at. */
export class SelfReport {
  #beats = 0n;
  #nextBeatMs = performance.now() + HEARTBEAT_MS;

  constructor(private readonly parts: Parts) {}

  started(programs: readonly ProgramStatus[], fields: Readonly<Record<string, string>>): void {
    const { feeder, own, log } = this.parts;
    const states = programs.map(({ name, state }) => [`program.${name}`, state] as const);
    const all = { ...fields, ...Object.fromEntries(states) };
    feeder.say(own.sensor('start', 'the sensors are attached', all));
    for (const line of missingSensors(programs)) {
      log.warn({ sensor: line }, 'a sensor is missing');
      feeder.say(own.sensor('program', line, {}, 'degraded'));
    }
  }

  /** Whether the kernel state outlives the daemon, when that was asked for; and what was found of others. */
  pinned(pinning: Pinning): void {
    const { feeder, own, log } = this.parts;
    for (const line of missingPins(pinning)) {
      log.warn({ pins: line }, 'the kernel state ends with this process');
      feeder.say(own.sensor('pins', line, {}, 'degraded'));
    }
    if (pinning.discarded === 0) return;
    const detail = 'kernel state of another build was removed, with whatever it still held';
    feeder.say(own.sensor('pins', detail, { count: String(pinning.discarded) }, 'unmeasured'));
  }

  /**
   * Between the last record of the run before and now nobody watched, unless its kernel state was taken over; and what
   * its journal lost.
   */
  lastRun(found: {
    readonly lastRun: LastRun;
    readonly damage: readonly Damage[];
    readonly recovered: Recovered | null;
    readonly adopted: boolean;
  }): void {
    const { feeder, own, log } = this.parts;
    found.damage.forEach((damage) => {
      this.#damaged(damage);
    });
    if (found.recovered !== null) this.#recovered(found.recovered);
    const { end, lastSeq, lastWallNs } = found.lastRun;
    if (end === 'none') return;
    if (end === 'killed') log.warn({ lastSeq }, 'the run before did not end by itself');
    // Also when the kernel watched on: what the killed one had taken and not yet journaled nobody has.
    feeder.say(own.gap('daemon', end, 0n));
    const since = new Date(Number(lastWallNs / 1_000_000n)).toISOString();
    const fields = { last_seq: String(lastSeq), since };
    if (found.adopted) feeder.say(own.sensor('adopted', 'the kernel watched on', fields));
    else feeder.say(own.sensor('unwatched', end, fields, 'unmeasured'));
  }

  /** Whole old segments of the journal were removed. */
  retired({ segments, bytes, firstSeq, lastSeq }: Retired): void {
    const { feeder, own } = this.parts;
    const fields = { segments, bytes, first_seq: firstSeq, last_seq: lastSeq };
    const texts = Object.entries(fields).map(([name, value]) => [name, String(value)] as const);
    const detail = 'the oldest records were removed';
    feeder.say(own.sensor('retention', detail, Object.fromEntries(texts)));
  }

  /** Called with every tick; speaks once a minute. */
  beat(snapshot: () => PipelineSnapshot, journalBytes: () => number): void {
    if (performance.now() < this.#nextBeatMs) return;
    this.#nextBeatMs += HEARTBEAT_MS;
    this.#beats += 1n;
    const { feeder, own, version } = this.parts;
    const { agents, accounting } = snapshot();
    const rings = accounting.rings.map(({ ring, emitted, delivered, dropped }) => ({
      ring,
      emitted: BigInt(emitted),
      delivered: BigInt(delivered),
      dropped: BigInt(dropped),
    }));
    const counts = { rings, agents: agents.length, journalBytes: BigInt(journalBytes()) };
    feeder.say(own.heartbeat({ number: this.#beats, ...counts, version }));
  }

  #damaged({ segment, reason, firstSeq, lastSeq }: Damage): void {
    const { feeder, own, log } = this.parts;
    log.warn({ segment, reason }, 'the journal is damaged');
    if (firstSeq === undefined || lastSeq === undefined) return;
    const numbers = { first: firstSeq, last: lastSeq };
    feeder.say(own.gap('journal', reason, lastSeq - firstSeq + 1n, numbers));
  }

  #recovered({ segment, offset, bytes, kept }: Recovered): void {
    const { feeder, own, log } = this.parts;
    log.warn({ segment, offset, bytes, kept }, 'the torn end of the journal was set aside');
    const fields = { segment, offset: String(offset), bytes: String(bytes), kept };
    feeder.say(own.sensor('journal_recovered', 'its torn end was set aside', fields, 'degraded'));
  }
}
