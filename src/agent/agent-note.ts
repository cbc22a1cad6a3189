import type { AgentInfo, AgentNote, PipelineSettings, RingName } from '../event/index.js';
import type { Agent } from './decision.js';

/** What is kept of an agent beside its root, as JSON. The evidence was journaled with the agent. */
interface Kept {
  readonly v: number;
  readonly info: AgentInfo;
  readonly unsure: boolean;
  readonly ring: RingName;
  readonly cpu: number;
  readonly seq: string;
  readonly bootNs: string;
}

const VERSION = 1;
const EVIDENCE = ['known to the daemon before this one'];

/** What a daemon that takes over must know of an agent whose root may be gone by then. */
export function noteOf({ root, info, unsure, origin }: Agent): AgentNote {
  const { ring, cpu, seq, bootNs } = origin;
  const place = { ring, cpu, seq: String(seq), bootNs: String(bootNs) };
  const kept: Kept = { v: VERSION, info, unsure, ...place };
  return { root, text: JSON.stringify(kept) };
}

/** null: it cannot be read, or the configuration has no such agent any more. */
export function readNote({ root, text }: AgentNote, settings: PipelineSettings): Agent | null {
  const kept = parse(text);
  const seq = numberOf(kept?.seq);
  const bootNs = numberOf(kept?.bootNs);
  if (kept === null || seq === null || bootNs === null) return null;
  const { info, unsure, ring, cpu } = kept;
  const rule = settings.rules.find(({ id }) => id === info.id);
  const known = info.assurance === 'asserted' ? rule !== undefined : settings.signatures;
  if (!known) return null;
  return {
    root,
    info,
    unsure,
    governance: rule?.governance ?? settings.defaultGovernance,
    evidence: EVIDENCE,
    origin: { ring, cpu, seq, bootNs },
    bootstrap: true,
  };
}

function parse(text: string): Kept | null {
  try {
    const kept = JSON.parse(text) as Kept;
    return kept.v === VERSION ? kept : null;
  } catch {
    return null;
  }
}

const numberOf = (text: string | undefined): bigint | null =>
  /^\d{1,20}$/.test(text ?? '') ? BigInt(text ?? '') : null;
