import type { Pinning, ProgramStatus } from '../event/index.js';
import type { Damage, Found, Lost, Recovered, Sealed } from '../journal/index.js';
import { missingPins, missingSensors } from '../telemetry/index.js';
import type { Log } from '../telemetry/index.js';
import type { Feeder } from './feeder.js';
import type { LastRun } from './last-run.js';
import type { OwnRecords } from './own-records.js';
import type { Held } from './pulse.js';

interface Parts {
  readonly feeder: Feeder;
  readonly own: OwnRecords;
  readonly log: Log;
}

/** Journals what became of the sensors, the journal and the run before; the log hears what somebody should look at. */
export class SelfReport {
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

  /** First of all records where signed ones are gone: what was signed last, so that the tree's growth can be followed. */
  link({ link }: Found, vkey: string): void {
    if (link === null) return;
    const { feeder, own } = this.parts;
    feeder.say(own.checkpoint({ ...link, vkey, oldSize: link.size, proof: [] }));
  }

  /**
   * Between the last record of the run before and now nobody watched, unless its kernel state was taken over; and what
   * its journal lost.
   */
  lastRun(lastRun: LastRun, found: Found, adopted: boolean): void {
    const { feeder, own, log } = this.parts;
    for (const damage of found.damage) this.damaged(damage);
    if (found.recovered !== null) this.#recovered(found.recovered);
    if (found.lost !== null) this.#lost(found.lost, found.quarantined);
    const { end, lastSeq, lastWallNs } = lastRun;
    if (end === 'none') return;
    if (end === 'killed') log.warn({ lastSeq }, 'the run before did not end by itself');
    // Also when the kernel watched on: what the killed one had taken and not yet journaled nobody has.
    feeder.say(own.gap('daemon', end, 0n));
    const since = new Date(Number(lastWallNs / 1_000_000n)).toISOString();
    const fields = { last_seq: String(lastSeq), since };
    if (adopted) feeder.say(own.sensor('adopted', 'the kernel watched on', fields));
    else feeder.say(own.sensor('unwatched', end, fields, 'unmeasured'));
  }

  unsigned(): void {
    const { feeder, own } = this.parts;
    const detail = 'the signer does not run: nothing of this run can be proved';
    feeder.say(own.sensor('unsigned', detail, {}, 'degraded'));
  }

  damaged({ segment, offset, reason, firstSeq, lastSeq }: Damage): void {
    const { feeder, own, log } = this.parts;
    log.warn({ segment, reason }, 'the journal is damaged');
    const fields = { segment, offset: String(offset), reason };
    feeder.say(own.sensor('journal_damaged', 'its bytes are not what was written', fields));
    // With a tile, hashes are gone and no records.
    if (firstSeq === undefined || lastSeq === undefined || reason === 'tile') return;
    const numbers = { first: firstSeq, last: lastSeq };
    feeder.say(own.gap('journal', reason, lastSeq - firstSeq + 1n, numbers));
  }

  /** Nobody read the rings meanwhile; what they could not hold is in gaps of its own. */
  held({ fromNs, untilNs }: Held): void {
    const { feeder, own, log } = this.parts;
    const ms = (untilNs - fromNs) / 1_000_000n;
    log.warn({ ms }, 'this process did not run for a while');
    const fields = { from_boot_ns: String(fromNs), until_boot_ns: String(untilNs), ms: String(ms) };
    feeder.say(own.sensor('held', 'the daemon did not run for a while', fields, 'degraded'));
  }

  /** A segment whose file failed: what was not durable went to the next one. */
  sealed({ segment, operation, code }: Sealed): void {
    const { feeder, own, log } = this.parts;
    log.error({ segment, operation, code }, 'a segment of the journal failed and was ended');
    const fields = { segment, operation, code };
    feeder.say(own.sensor('journal.io_error', 'a segment was ended', fields, 'degraded'));
  }

  #lost({ firstSeq, lastSeq, cause }: Lost, quarantined: readonly string[]): void {
    const { feeder, own, log } = this.parts;
    const numbers = { first: firstSeq, last: lastSeq };
    log.error({ cause, ...numbers }, 'signed records are not in the journal');
    // Of what is damaged, each place has a gap of its own.
    if (cause !== 'damaged')
      feeder.say(own.gap('journal', cause, lastSeq - firstSeq + 1n, numbers));
    const evidence = [
      `signed records are not there, from ${firstSeq} to ${lastSeq}`,
      ...quarantined.map((name) => `quarantine/${name}`),
    ];
    const summary = `the journal was changed while nobody watched: ${cause}`;
    feeder.say(own.finding('sensor.tamper', 'critical', summary, evidence));
  }

  #recovered({ segment, offset, bytes, kept }: Recovered): void {
    const { feeder, own, log } = this.parts;
    log.warn({ segment, offset, bytes, kept }, 'the torn end of the journal was set aside');
    const fields = { segment, offset: String(offset), bytes: String(bytes), kept };
    feeder.say(own.sensor('journal_recovered', 'its torn end was set aside', fields, 'degraded'));
  }
}
