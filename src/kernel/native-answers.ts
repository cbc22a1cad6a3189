import { getSystemErrorName } from 'node:util';
import type {
  AgentNote,
  HitsFact,
  LaneAccount,
  ProgramStatus,
  RingName,
  TlsStack,
} from '../event/index.js';
import type { NativeAdopted, NativeProgramStatus, Sensor } from '../../native/index.js';
import { remedyFor } from './kernel-error.js';

/** By enum wf_ring of wire.h. */
const RINGS: readonly RingName[] = ['lifecycle', 'network', 'payload'];

const FAMILIES = ['process', 'network', 'socket', 'mapping', 'wire', 'tls', 'guard'] as const;

export function programStatus(native: NativeProgramStatus): ProgramStatus {
  const family = FAMILIES.find((name) => name === native.family);
  if (family === undefined) throw new Error(`${native.name}: unknown family ${native.family}`);
  return { name: native.name, family, state: native.state, detail: explain(native) };
}

function explain({ errno, detail }: NativeProgramStatus): string {
  if (errno === 0) return detail;
  const code = getSystemErrorName(-errno);
  return `${detail} (${code}); ${remedyFor(code, detail)}`;
}

export const laneAccount = (lane: NativeAdopted['lanes'][number]): LaneAccount => {
  const [ringFull = 0, fault = 0, tableFull = 0, callLimit = 0] = lane.lost;
  const { cpu, taken, next } = lane;
  const ring = RINGS[lane.ring];
  if (ring === undefined) throw new Error(`no ring ${lane.ring}`);
  return { ring, cpu, taken, next, ringFull, fault, tableFull, callLimit };
};

export const notesOf = ({ notes }: NativeAdopted): AgentNote[] =>
  notes.map(({ rootTgid, rootStartNs, text }) => ({
    root: { tgid: rootTgid, startNs: rootStartNs },
    text,
  }));

/** A stack with probes, and the addon's number of it. */
export interface Attached {
  readonly id: number;
  readonly stack: TlsStack;
}

export function hitsOf(
  native: ReturnType<Sensor['hits']>,
  attached: Iterable<Attached>,
): HitsFact['hits'] {
  const calls = new Map(native.map((hit) => [hit.id, hit.calls]));
  return [...attached].flatMap(({ id, stack: { file, library } }) => {
    const count = calls.get(id);
    return count === undefined ? [] : [{ file, library, calls: count }];
  });
}
