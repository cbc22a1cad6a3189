import { closeSync, openSync, readSync } from 'node:fs';
import {
  processId,
  stackId,
  type AlteredProbe,
  type ProbesAnswer,
  type ProbesFact,
  type ProbeTarget,
  type TlsStack,
} from '../event/index.js';
import { codeMappings, isTrampoline, readMapsText, type CodeMapping } from './code-maps.js';
import { openExactly } from './files.js';
import { flawOf } from './probe-bytes.js';
import { procPath, whileAlive } from './procfs.js';

/** What one look may take, of a tick of 100 ms. What it does not reach is postponed. */
const MOST_MS = 3;
/** Code around a probe that is compared with the file: what jumps past the probe is written before it. */
const REACH = 64;
const MAX_ALTERED = 64;

type Seen = Pick<ProbesAnswer, 'state' | 'checked' | 'altered'>;

const GONE: Seen = { state: 'gone', checked: 0, altered: [] };
const UNREADABLE: Seen = { state: 'unreadable', checked: 0, altered: [] };

/**
 * Do the probes of these stacks stand in the memory of these processes? Read from outside through `/proc/PID/mem`, which
 * shows the traps as they are. Never throws; at least the first target is looked at, however little time there is.
 */
export const attest = (targets: readonly ProbeTarget[], nowMs = () => performance.now()) => {
  const untilMs = nowMs() + MOST_MS;
  const answers = targets.map((target, index): ProbesAnswer => {
    const { key, stack } = target;
    const { file, library } = stack;
    if (index > 0 && nowMs() >= untilMs) {
      return { key, file, library, state: 'postponed', checked: 0, altered: [] };
    }
    const seen = whileAlive(key, () => look(key.tgid, stack)) ?? GONE;
    return { key, file, library, ...seen };
  });
  return { fact: 'probes', answers } satisfies ProbesFact;
};

/** `processId file library`: names a target. */
export const targetId = ({ key, stack }: ProbeTarget): string =>
  `${processId(key)} ${stackId(stack)}`;

const look = (tgid: number, stack: TlsStack): Seen => {
  const maps = readMapsText(tgid);
  if (maps === null) return UNREADABLE;
  const mappings = codeMappings(maps, stack.file.inode);
  if (mappings.length === 0) return GONE;
  const memory = open(procPath(tgid, 'mem'));
  if (memory === null) return UNREADABLE;
  try {
    const altered = new Map<number, AlteredProbe>();
    let checked = 0;
    for (const mapping of mappings) {
      const file = openExactly(procPath(tgid, `map_files/${mapping.range}`), stack.file);
      if (file === null) continue;
      try {
        checked += compare({ memory, file, mapping, maps }, stack, altered);
      } finally {
        closeSync(file);
      }
    }
    if (checked === 0) return GONE;
    const state = altered.size === 0 ? 'whole' : 'altered';
    return { state, checked, altered: [...altered.values()].slice(0, MAX_ALTERED) };
  } finally {
    closeSync(memory);
  }
};

interface Place {
  readonly memory: number;
  readonly file: number;
  readonly mapping: CodeMapping;
  readonly maps: string;
}

/** Adds what is wrong to `altered`. Gives how many probes were looked at. */
const compare = (place: Place, stack: TlsStack, altered: Map<number, AlteredProbe>): number => {
  const { memory, file, mapping, maps } = place;
  const first = Number(mapping.offset);
  const end = first + Number(mapping.to - mapping.from);
  let checked = 0;
  for (const offset of new Set(stack.sites.flatMap(({ entry, returns }) => [entry, ...returns]))) {
    if (offset < first || offset >= end) continue;
    const begin = Math.max(first, offset - REACH);
    const length = Math.min(end, offset + REACH) - begin;
    const address = mapping.from + BigInt(begin - first);
    const there = read(memory, address, length);
    const here = read(file, BigInt(begin), length);
    // The last page of a mapping may reach past the end of its file, or be gone by now.
    if (there === null || here === null || here.length <= offset - begin) continue;
    checked += 1;
    const flaw = flawOf({
      ...{ memory: there, file: here, at: offset - begin, address },
      isTrampoline: (target) => isTrampoline(maps, target),
    });
    if (flaw === null) continue;
    const isHidden = flaw === 'restored' && !mapping.takesProbes;
    altered.set(offset, { offset, flaw: isHidden ? 'unprobed' : flaw });
  }
  return checked;
};

const open = (path: string): number | null => {
  try {
    return openSync(path, 'r');
  } catch {
    return null;
  }
};

const read = (fd: number, position: bigint, length: number): Uint8Array | null => {
  const bytes = new Uint8Array(length);
  try {
    return bytes.subarray(0, readSync(fd, bytes, 0, length, position));
  } catch {
    return null;
  }
};
