import type { Agent } from '../../agent/index.js';
import type {
  AlteredProbe,
  FindingValue,
  Origin,
  ProbeFlaw,
  ProcessInfo,
} from '../../event/index.js';
import { makeFinding } from '../judgement.js';

const RULE = 'sensor.tamper';
const SHOWN = 8;

/** Probes of a stack that do not stand in the memory of a process, as the guard of the tls room saw it. */
export interface TamperCase {
  readonly agent: Agent;
  readonly process: ProcessInfo;
  readonly origin: Origin;
  readonly path: string;
  readonly library: string;
  readonly altered: readonly AlteredProbe[];
  readonly checked: number;
  /** Counts from 1 for one process and stack. */
  readonly number: number;
}

const WORDS: Readonly<Record<ProbeFlaw, string>> = {
  restored: 'the instruction of the file stands there again',
  overwritten: 'another instruction stands there',
  patched: 'code beside the probe is not that of the file',
  unprobed: 'mapped writable or shared, where the kernel sets no probes',
};

/** A process took our probes out of its memory. One look from outside says it whole, so nothing lost could excuse it. */
export function judgeTamper(one: TamperCase): FindingValue {
  const { agent, process, origin, path, library, altered, checked, number } = one;
  const shown = altered.slice(0, SHOWN);
  const more = altered.length - shown.length;
  return makeFinding({
    ...{ agent, process, origin },
    part: `${RULE}:${process.pid}:${process.startNs}:${path}:${library}:${number}`,
    claim: 'detected',
    severity: 'critical',
    finding: {
      rule: RULE,
      summary: `${altered.length} of ${checked} probes on ${library} do not stand in the memory of pid ${process.pid}`,
      evidence: [
        `file: ${path}`,
        ...shown.map(({ offset, flaw }) => `offset 0x${offset.toString(16)}: ${WORDS[flaw]}`),
        ...(more > 0 ? [`and ${more} more`] : []),
        'what the process says over TLS since then may not have been read',
      ],
      expected: '',
      waitedMs: 0,
    },
  });
}
