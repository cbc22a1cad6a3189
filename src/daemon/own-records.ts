import type {
  CheckpointInfo,
  CheckpointValue,
  Claim,
  GapValue,
  HeartbeatInfo,
  HeartbeatValue,
  Origin,
  RetentionInfo,
  RetentionValue,
  SelfFindingValue,
  SensorValue,
  Severity,
} from '../event/index.js';

/** What the daemon says about itself. Ids are unique by epoch and number, as kernel records are by ring and sequence. */
export class OwnRecords {
  #number = 0n;

  constructor(
    private readonly epoch: number,
    private readonly bootNs: () => bigint,
  ) {}

  sensor(
    event: string,
    detail: string,
    fields: Readonly<Record<string, string>> = {},
    claim: Claim = 'observed',
  ): SensorValue {
    return { ...this.#base(claim), kind: 'sensor', sensor: { event, detail, fields } };
  }

  config(
    event: string,
    detail: string,
    fields: Readonly<Record<string, string>> = {},
  ): SensorValue {
    return { ...this.#base('observed'), kind: 'config', sensor: { event, detail, fields } };
  }

  /** `count`: records lost, 0 when nobody can know. */
  gap(
    stage: string,
    cause: string,
    count: bigint,
    numbers: { first?: bigint; last?: bigint } = {},
  ): GapValue {
    const gap = { ring: 'lifecycle', cpu: 0, stage, cause, count, ...numbers } as const;
    return { ...this.#base('unmeasured'), kind: 'gap', gap };
  }

  heartbeat(heartbeat: HeartbeatInfo): HeartbeatValue {
    return { ...this.#base('observed'), kind: 'heartbeat', heartbeat };
  }

  checkpoint(checkpoint: CheckpointInfo): CheckpointValue {
    return { ...this.#base('observed'), kind: 'checkpoint', checkpoint };
  }

  retention(retention: RetentionInfo): RetentionValue {
    return { ...this.#base('observed'), kind: 'retention', retention };
  }

  /** A finding about ourselves: no process did it, as far as we know. */
  finding(
    rule: string,
    severity: Severity,
    summary: string,
    evidence: readonly string[],
    waitedMs = 0,
  ): SelfFindingValue {
    const finding = { rule, summary, evidence, expected: '', waitedMs };
    return {
      ...this.#base('detected'),
      class: 'finding',
      kind: 'self_finding',
      severity,
      finding,
    };
  }

  #base(claim: Claim): {
    origin: Origin;
    part: string;
    class: 'sensor';
    claim: Claim;
    agent: null;
  } {
    const seq = this.#number++;
    const origin: Origin = { ring: 'lifecycle', cpu: 0, seq, bootNs: this.bootNs() };
    return { origin, part: `daemon.${this.epoch}`, class: 'sensor', claim, agent: null };
  }
}
