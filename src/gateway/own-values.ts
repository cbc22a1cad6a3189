import type {
  CheckpointValue,
  GapValue,
  Origin,
  SelfFindingValue,
  SensorValue,
  Severity,
} from '../event/index.js';
import type { Lost } from '../journal/index.js';
import type { BookEvent } from './book-event.js';
import type { Who } from './incoming.js';

interface Said {
  readonly summary: string;
  readonly evidence: readonly string[];
  readonly waitedMs: number;
}

/** What the gateway says, about nodes and about itself. Ids are unique by epoch and number. */
export class OwnValues {
  private number = 0n;

  constructor(
    private readonly epoch: number,
    private readonly bootNs: () => bigint,
  ) {}

  sensor(
    event: string,
    detail: string,
    fields: Readonly<Record<string, string>> = {},
  ): SensorValue {
    const base = { class: 'sensor', claim: 'observed', agent: null } as const;
    return { ...base, ...this.origin(), kind: 'sensor', sensor: { event, detail, fields } };
  }

  checkpoint(checkpoint: CheckpointValue['checkpoint']): CheckpointValue {
    const base = { class: 'sensor', claim: 'observed', agent: null } as const;
    return { ...base, ...this.origin(), kind: 'checkpoint', checkpoint };
  }

  /** Numbers of its own journal that are not there. */
  gap(cause: string, first: bigint, last: bigint): GapValue {
    const base = { class: 'sensor', claim: 'unmeasured', agent: null } as const;
    const count = last - first + 1n;
    const gap = { ring: 'lifecycle', cpu: 0, stage: 'journal', cause, count, first, last } as const;
    return { ...base, ...this.origin(), kind: 'gap', gap };
  }

  /** `quarantined`: what was set aside of its own journal. */
  tampered({ firstSeq, lastSeq, cause }: Lost, quarantined: readonly string[]): SelfFindingValue {
    return this.selfFinding('sensor.tamper', 'critical', {
      summary: `the gateway's journal was changed while it did not run: ${cause}`,
      evidence: [
        `signed records are not there, from ${firstSeq} to ${lastSeq}`,
        ...quarantined.map((name) => `quarantine/${name}`),
      ],
      waitedMs: 0,
    });
  }

  silent(who: Who, forMs: number, stopped: boolean): SelfFindingValue {
    const seconds = Math.round(forMs / 1000);
    const last = stopped ? 'its last record says that it was stopped' : 'it did not say it stops';
    // A daemon that was told to stop is a smaller thing than one that just ends.
    return this.finding(who, 'node.silent', stopped ? 'medium' : 'high', {
      summary: `nothing came from it for ${seconds} s`,
      evidence: [last],
      waitedMs: forMs,
    });
  }

  /** null: a thing to know, and no finding; see note(). */
  ofEvent(who: Who, event: BookEvent, waitedMs: number): SelfFindingValue | null {
    if (event.event === 'conflict') {
      const { rule, summary, evidence } = event;
      return this.finding(who, rule, 'critical', { summary, evidence, waitedMs: 0 });
    }
    if (event.event !== 'gap') return null;
    const { firstSeq, lastSeq, cause, have } = event;
    const count = lastSeq - firstSeq + 1n;
    const numbers = `records ${firstSeq} to ${lastSeq}`;
    const evidence = [numbers, ...(have ? ['they are here: they came before it lost them'] : [])];
    return cause === 'node'
      ? this.finding(who, 'node.gap', have ? 'medium' : 'high', {
          summary: `says that it lost ${count} of its own records`,
          evidence,
          waitedMs: 0,
        })
      : this.finding(who, 'node.gap', 'high', {
          summary: `${count} of its records did not come`,
          evidence,
          waitedMs,
        });
  }

  /** About a node, and no finding. */
  note(
    { tenant, node }: Who,
    event: string,
    detail: string,
    fields: Readonly<Record<string, string>> = {},
  ): SensorValue {
    return this.sensor(event, detail, { tenant, node, ...fields });
  }

  private finding(
    { tenant, node }: Who,
    rule: string,
    severity: Severity,
    { summary, evidence, waitedMs }: Said,
  ): SelfFindingValue {
    return this.selfFinding(rule, severity, {
      summary: `node ${node} of tenant ${tenant} ${summary}`,
      evidence: [`tenant ${tenant}`, `node ${node}`, ...evidence],
      waitedMs,
    });
  }

  private selfFinding(
    rule: string,
    severity: Severity,
    { summary, evidence, waitedMs }: Said,
  ): SelfFindingValue {
    return {
      ...this.origin(),
      kind: 'self_finding',
      class: 'finding',
      claim: 'detected',
      agent: null,
      severity,
      finding: { rule, summary, evidence, expected: '', waitedMs: Math.round(waitedMs) },
    };
  }

  private origin(): { origin: Origin; part: string } {
    const seq = this.number++;
    const origin: Origin = { ring: 'lifecycle', cpu: 0, seq, bootNs: this.bootNs() };
    return { origin, part: `gateway.${this.epoch}` };
  }
}
