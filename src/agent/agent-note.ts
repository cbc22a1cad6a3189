import type {
  AgentDescent,
  AgentInfo,
  AgentNote,
  Governance,
  PipelineSettings,
  RingName,
} from '../event/index.js';
import type { Agent } from './decision.js';
import { basename } from './paths.js';

/** Parent's id and session, those of the agent at the top unless it is the parent, depth, handed off. */
type KeptDescent = readonly [string, string, string | 0, string | 0, number, 0 | 1];

/** What is kept of an agent beside its root, as JSON. The evidence was journaled with the agent. */
interface Kept {
  readonly v: number;
  readonly info: Omit<AgentInfo, 'under'>;
  readonly under?: KeptDescent;
  readonly server?: true;
  readonly unsure: boolean;
  readonly ring: RingName;
  readonly cpu: number;
  readonly seq: string;
  readonly bootNs: string;
}

const VERSION = 2;
/** What the kernel's map can hold, without the NUL. */
const NOTE_BYTES = 1023;
const EVIDENCE = ['known to the daemon before this one'];

/** What a daemon that takes over must know of an agent whose root may be gone by then. */
export function noteOf({ root, info: whole, unsure, origin, isServer }: Agent): AgentNote {
  const { ring, cpu, seq, bootNs } = origin;
  const place = { ring, cpu, seq: String(seq), bootNs: String(bootNs) };
  const { under, ...info } = whole;
  const kept: Kept = {
    ...{ v: VERSION, info, unsure, ...place },
    ...(under === undefined ? {} : { under: packed(under) }),
    ...(isServer === true ? { server: true } : {}),
  };
  const text = JSON.stringify(kept);
  if (Buffer.byteLength(text) <= NOTE_BYTES) return { root, text };
  // Only a display name of many bytes a character gets here.
  const named = { ...kept, info: { ...info, name: basename(info.id) } };
  return { root, text: JSON.stringify(named) };
}

/** Those that can be read and that the configuration still knows, with their roots' notes. */
export function readNotes(
  notes: readonly AgentNote[],
  settings: PipelineSettings,
): readonly Agent[] {
  const read = notes.flatMap((note) => readNote(note, settings) ?? []);
  const bySession = new Map(read.map((agent) => [agent.info.session, agent]));
  return read.map((agent) => ({ ...agent, governance: governanceOf(agent, bySession, settings) }));
}

/** null: it cannot be read, or the configuration has no such agent any more. */
export function readNote({ root, text }: AgentNote, settings: PipelineSettings): Agent | null {
  const kept = parse(text);
  const seq = numberOf(kept?.seq);
  const bootNs = numberOf(kept?.bootNs);
  if (kept === null || seq === null || bootNs === null) return null;
  const { unsure, ring, cpu, server } = kept;
  const under = kept.under === undefined ? undefined : unpacked(kept.under);
  const info = { ...kept.info, ...(under === undefined ? {} : { under }) };
  if (!isKnown(info, settings)) return null;
  return {
    root,
    info,
    unsure,
    governance: ruleOf(info, settings) ?? settings.defaultGovernance,
    evidence: EVIDENCE,
    origin: { ring, cpu, seq, bootNs },
    bootstrap: true,
    ...(server === true ? { isServer: true } : {}),
  };
}

function isKnown({ assurance, id, under }: AgentInfo, settings: PipelineSettings): boolean {
  switch (assurance) {
    case 'asserted':
      return settings.rules.some((rule) => rule.id === id);
    case 'recognised':
      return settings.signatures;
    case 'inferred':
      return settings.inference || under?.handedOff === true;
    // Whoever registered lives on, and so does what it said.
    case 'bound':
      return true;
    case 'unattributed':
      return false;
  }
}

/** Its rule's own, else that of who started it. */
function governanceOf(
  agent: Agent,
  bySession: ReadonlyMap<string, Agent>,
  settings: PipelineSettings,
): Governance {
  let one: Agent | undefined = agent;
  // A note is of the daemon before: nothing in it may lead around in a circle.
  for (let steps = 0; one !== undefined && steps <= bySession.size; steps += 1) {
    const found = ruleOf(one.info, settings);
    if (found !== null) return found;
    one = bySession.get(one.info.under?.parent.session ?? '');
  }
  return settings.defaultGovernance;
}

const ruleOf = ({ id, assurance }: AgentInfo, { rules }: PipelineSettings): Governance | null => {
  const isNamed = assurance === 'asserted' || assurance === 'bound' || assurance === 'inferred';
  return (isNamed ? rules.find((rule) => rule.id === id)?.governance : null) ?? null;
};

const packed = ({ parent, root, depth, handedOff }: AgentDescent): KeptDescent => {
  const isTop = parent.session === root.session;
  const top = isTop ? ([0, 0] as const) : ([root.id, root.session] as const);
  return [parent.id, parent.session, ...top, depth, handedOff ? 1 : 0];
};

const unpacked = ([
  id,
  session,
  topId,
  topSession,
  depth,
  handedOff,
]: KeptDescent): AgentDescent => {
  const parent = { id, session };
  const root = topId === 0 || topSession === 0 ? parent : { id: topId, session: topSession };
  return { parent, root, depth, handedOff: handedOff === 1 };
};

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
