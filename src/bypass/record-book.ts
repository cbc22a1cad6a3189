import { processId, type GovernanceRecord, type NetInfo, type ProcessKey } from '../event/index.js';
import type { Agent } from '../agent/index.js';
import { normalHost } from './flow-case.js';

const RECORDS_MAX = 4096;

interface Held {
  readonly record: GovernanceRecord;
  /** Lineage of the process it names. */
  readonly root: ProcessKey | null;
}

export interface Call {
  readonly agent: Agent;
  readonly process: ProcessKey;
  readonly host: string;
  readonly net: NetInfo;
  readonly atNs: bigint;
}

/** What the layers above declared lately. */
export class RecordBook {
  readonly #held: Held[] = [];
  #evicted = 0;

  add(record: GovernanceRecord, root: ProcessKey | null): void {
    if (this.#held.length >= RECORDS_MAX) {
      this.#held.shift();
      this.#evicted += 1;
    }
    this.#held.push({ record, root });
  }

  /** Was this call declared: not longer before it than the record says, nor later than the window after it? */
  declares(call: Call, windowNs: bigint): boolean {
    return this.#held.some(
      (held) => isTimely(held.record, call.atNs, windowNs) && isAbout(held, call),
    );
  }

  /** Forgets what no open call could have been declared by. */
  tick(nowNs: bigint, windowNs: bigint): void {
    const over = (record: GovernanceRecord): boolean =>
      record.at + BigInt(Math.trunc(record.validForMs)) * 1_000_000n + 2n * windowNs < nowNs;
    const kept = this.#held.filter(({ record }) => !over(record));
    this.#held.splice(0, this.#held.length, ...kept);
  }

  stats(): { records: number; recordsEvicted: number } {
    return { records: this.#held.length, recordsEvicted: this.#evicted };
  }
}

function isTimely(record: GovernanceRecord, atNs: bigint, windowNs: bigint): boolean {
  const validNs = BigInt(Math.trunc(record.validForMs)) * 1_000_000n;
  return record.at <= atNs + windowNs && atNs <= record.at + validNs;
}

function isAbout({ record, root }: Held, { agent, process, host, net }: Call): boolean {
  if (record.action !== 'llm' && record.action !== 'connect') return false;
  if (record.agent === null && record.process === null) return false;
  if (record.agent !== null && record.agent !== agent.info.id) return false;
  const named = record.process === null || processId(record.process) === processId(process);
  const inLineage = root !== null && processId(root) === processId(agent.root);
  if (!named && !inLineage) return false;
  if (record.host !== null && normalHost(record.host) !== host && record.host !== net.dstIp) {
    return false;
  }
  return record.port === null || record.port === net.dstPort;
}
