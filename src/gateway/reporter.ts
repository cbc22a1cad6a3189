import type { SelfFindingValue, SensorValue } from '../event/index.js';
import type { Log } from '../telemetry/index.js';
import type { BookEvent } from './book-event.js';
import type { Who } from './incoming.js';
import type { OwnValues } from './own-values.js';

/** Where the gateway's own records go. */
export interface OwnRecords {
  append(value: SelfFindingValue | SensorValue): void;
  /** False when the disk does not take them. */
  flush(): Promise<boolean>;
}

/** Says what the gateway found, as records of its own journal and as log lines. */
export class Reporter {
  /** Findings by rule since the start. */
  readonly findings = new Map<string, number>();
  private wasFull = false;

  constructor(
    private readonly values: OwnValues,
    private readonly records: OwnRecords,
    private readonly log: Log,
    private readonly gapAfterMs: number,
  ) {}

  flush(): Promise<boolean> {
    return this.records.flush();
  }

  about(event: string, detail: string, fields: Readonly<Record<string, string>> = {}): void {
    this.records.append(this.values.sensor(event, detail, fields));
  }

  enrolled(who: Who): void {
    this.note(who, 'node_enrolled', 'seen for the first time');
  }

  silent(who: Who, forMs: number, stopped: boolean): void {
    this.find(who, this.values.silent(who, forMs, stopped));
  }

  back(who: Who): void {
    this.note(who, 'node_back', 'something came from it again');
  }

  /** Said once: who is refused comes again and again. */
  full(): void {
    if (this.wasFull) return;
    this.wasFull = true;
    this.about('node_limit', 'there are too many nodes: records of new ones are not taken');
    this.log.error({}, 'there are too many nodes: records of new ones are not taken');
  }

  event(who: Who, event: BookEvent): void {
    const finding = this.values.ofEvent(who, event, this.gapAfterMs);
    if (finding !== null) this.find(who, finding);
    else this.describe(who, event);
  }

  private describe(who: Who, event: BookEvent): void {
    switch (event.event) {
      case 'pinned':
        this.note(who, 'node_pinned', 'its key was seen for the first time', { vkey: event.vkey });
        break;
      case 'filled':
        this.note(
          who,
          'node_filled',
          `records ${event.firstSeq} to ${event.lastSeq} came after all`,
        );
        break;
      case 'skipped':
        this.note(
          who,
          'node_skipped',
          `records ${event.firstSeq} to ${event.lastSeq} are not in the copy`,
          { proven: String(event.proven) },
        );
        break;
      case 'held':
        this.note(who, 'node_held', `nothing is cosigned any more: ${event.reason}`);
        break;
      case 'gap':
      case 'conflict':
        break;
    }
  }

  private note(
    who: Who,
    event: string,
    detail: string,
    fields: Readonly<Record<string, string>> = {},
  ): void {
    this.records.append(this.values.note(who, event, detail, fields));
    this.log.info({ tenant: who.tenant, node: who.node, event }, detail);
  }

  private find({ tenant, node }: Who, value: SelfFindingValue): void {
    const { rule, summary } = value.finding;
    this.findings.set(rule, (this.findings.get(rule) ?? 0) + 1);
    this.records.append(value);
    this.log.warn({ tenant, node, rule }, summary);
  }
}
