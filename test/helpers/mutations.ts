import { crc32c } from '../../src/journal/crc32c.js';
import { isKept } from './tamper.js';
import type { Frame, Victim } from './tamper.js';

export type Random = (below: number) => number;

/** What an attacker did, and where that is. */
export interface Mutation {
  readonly changed: ReadonlyMap<string, Buffer | null>;
  /** Places in files, and numbers of records, one of which a verifier has to name. */
  readonly places: readonly { readonly file: string; readonly from: number; readonly to: number }[];
  readonly firstSeq: bigint;
  readonly lastSeq: bigint;
}

/** xorshift32: the same seed gives the same mutations. */
export function seeded(seed: number): Random {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

type Make = (victim: Victim, random: Random) => Mutation;

const segmentsOf = ({ good }: Victim): string[] =>
  [...good.keys()].filter((path) => path.endsWith('.wfj')).sort();
const tilesOf = ({ good }: Victim): string[] =>
  [...good.keys()].filter((path) => path.startsWith('journal/tile/'));
export const NOTES = ['journal/checkpoint', 'journal/cosigned', 'signer/state'];
const notesOf = (): string[] => NOTES;
const pick = <T>(from: readonly T[], random: Random): T => {
  const found = from[random(from.length)];
  if (found === undefined) throw new Error('nothing to change');
  return found;
};
const bytesOf = ({ good }: Victim, path: string): Buffer => good.get(path) ?? Buffer.alloc(0);

/** Numbers of the records that some bytes of a segment or of a tile are about; none for other files. */
function numbersIn({ frames }: Victim, file: string, from: number, to: number) {
  const tile = /^journal\/tile\/0\/(\d{3})$/.exec(file)?.[1];
  if (tile !== undefined) {
    const first = BigInt(tile) * 256n + 1n;
    return { firstSeq: first + BigInt(from >> 5), lastSeq: first + BigInt((to - 1) >> 5) };
  }
  const inside = frames.filter((one) => one.file === file && one.end > from && one.start < to);
  return { firstSeq: inside.at(0)?.seq ?? 0n, lastSeq: inside.at(-1)?.seq ?? 0n };
}

function change(
  victim: Victim,
  file: string,
  bytes: Buffer | null,
  from: number,
  to: number,
): Mutation {
  const places = [{ file, from, to }];
  return { changed: new Map([[file, bytes]]), places, ...numbersIn(victim, file, from, to) };
}

const flip =
  (filesOf: (victim: Victim) => string[]): Make =>
  (victim, random) => {
    const file = pick(filesOf(victim), random);
    const bytes = Buffer.from(bytesOf(victim, file));
    const at = random(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
    return change(victim, file, bytes, at, at + 1);
  };

const truncate =
  (filesOf: (victim: Victim) => string[]): Make =>
  (victim, random) => {
    const file = pick(filesOf(victim), random);
    const bytes = bytesOf(victim, file);
    const at = random(bytes.length);
    return change(victim, file, bytes.subarray(0, at), at, bytes.length);
  };

const frameBytes = (victim: Victim, { file, start, end }: Frame): Buffer =>
  bytesOf(victim, file).subarray(start, end);

/** A segment in which frames have other bytes. */
function rewritten(victim: Victim, file: string, other: ReadonlyMap<Frame, Buffer>): Buffer {
  const frames = victim.frames.filter((one) => one.file === file);
  const parts = frames.map((one) => other.get(one) ?? frameBytes(victim, one));
  return Buffer.concat([bytesOf(victim, file).subarray(0, 32), ...parts]);
}

function reframe(victim: Victim, other: ReadonlyMap<Frame, Buffer>): Mutation {
  const frames = [...other.keys()].sort((a, b) => Number(a.seq - b.seq));
  const files = new Set(frames.map(({ file }) => file));
  return {
    changed: new Map([...files].map((file) => [file, rewritten(victim, file, other)])),
    places: frames.map((one) => {
      const to = one.start + Math.max(other.get(one)?.length ?? 0, one.end - one.start);
      return { file: one.file, from: one.start, to };
    }),
    firstSeq: frames.at(0)?.seq ?? 0n,
    lastSeq: frames.at(-1)?.seq ?? 0n,
  };
}

const swapFrames: Make = (victim, random) => {
  const [a, b] = [pick(victim.frames, random), pick(victim.frames, random)];
  return reframe(
    victim,
    new Map([
      [a, frameBytes(victim, b)],
      [b, frameBytes(victim, a)],
    ]),
  );
};

const doubleFrame: Make = (victim, random) => {
  const [a, b] = [pick(victim.frames, random), pick(victim.frames, random)];
  const both = Buffer.concat([frameBytes(victim, b), frameBytes(victim, a)]);
  return reframe(victim, new Map([[b, both]]));
};

const removeFrame: Make = (victim, random) =>
  reframe(victim, new Map([[pick(victim.frames, random), Buffer.alloc(0)]]));

/** The record says something else, and its checksum agrees. */
const editRecord: Make = (victim, random) => {
  const frame = pick(victim.frames, random);
  const bytes = Buffer.from(frameBytes(victim, frame));
  const at = 8 + random(bytes.length - 8);
  bytes[at] = (bytes[at] ?? 0) ^ (1 + random(255));
  bytes.writeUInt32LE(crc32c(bytes.subarray(8)), 4);
  return reframe(victim, new Map([[frame, bytes]]));
};

function segments(victim: Victim, changed: ReadonlyMap<string, Buffer | null>): Mutation {
  const files = [...changed.keys()];
  const touched = victim.frames.filter(({ file }) => files.includes(file));
  return {
    changed,
    places: files.map((file) => ({ file, from: 0, to: Number.MAX_SAFE_INTEGER })),
    firstSeq: touched.at(0)?.seq ?? 0n,
    lastSeq: touched.at(-1)?.seq ?? 0n,
  };
}

const swapSegments: Make = (victim, random) => {
  const [a, b] = [pick(segmentsOf(victim), random), pick(segmentsOf(victim), random)];
  return segments(
    victim,
    new Map([
      [a, bytesOf(victim, b)],
      [b, bytesOf(victim, a)],
    ]),
  );
};

const doubleSegment: Make = (victim, random) => {
  const { seq } = pick(victim.frames, random);
  const name = `journal/${`${seq + BigInt(random(50))}`.padStart(20, '0')}.wfj`;
  return segments(victim, new Map([[name, bytesOf(victim, pick(segmentsOf(victim), random))]]));
};

const foreignSegment: Make = (victim, random) => {
  const shared = segmentsOf(victim).filter((path) => victim.foreign.has(path));
  const name = pick(shared, random);
  return segments(victim, new Map([[name, victim.foreign.get(name) ?? null]]));
};

const removeSegments =
  (choose: (count: number, random: Random) => readonly [from: number, to: number]): Make =>
  (victim, random) => {
    const all = segmentsOf(victim);
    const gone = all.slice(...choose(all.length, random));
    return segments(victim, new Map(gone.map((file) => [file, null])));
  };

const append: Make = (victim, random) => {
  const file = pick(segmentsOf(victim), random);
  const more = Buffer.from(Array.from({ length: 1 + random(64) }, () => random(256)));
  const bytes = bytesOf(victim, file);
  const whole = Buffer.concat([bytes, more]);
  return change(victim, file, whole, bytes.length, whole.length);
};

/** The whole journal as it was before; the signer's state is not in it. */
const rollBack: Make = (victim, random) => {
  const { files, last } = pick(victim.snapshots, random);
  const paths = new Set([...victim.good.keys(), ...files.keys()].filter((path) => !isKept(path)));
  return {
    changed: new Map([...paths].map((path) => [path, files.get(path) ?? null])),
    places: [],
    firstSeq: last + 1n,
    lastSeq: victim.frames.at(-1)?.seq ?? 0n,
  };
};

export const MUTATIONS: Readonly<Record<string, Make>> = {
  'bit turned in a segment': flip(segmentsOf),
  'bit turned in a tile': flip(tilesOf),
  'bit turned in a checkpoint file': flip(notesOf),
  'segment cut off': truncate(segmentsOf),
  'tile cut off': truncate(tilesOf),
  'checkpoint file cut off': truncate(notesOf),
  'record edited, checksum renewed': editRecord,
  'frames swapped': swapFrames,
  'frame doubled': doubleFrame,
  'frame removed': removeFrame,
  'segments swapped': swapSegments,
  'segment doubled under a free name': doubleSegment,
  'foreign segment': foreignSegment,
  'oldest segments removed': removeSegments((count, random) => [0, 1 + random(count - 1)]),
  'segment removed from the middle': removeSegments((count, random) => {
    const at = 1 + random(count - 2);
    return [at, at + 1];
  }),
  'newest segments removed': removeSegments((count, random) => [1 + random(count - 1), count]),
  'bytes behind a segment': append,
  'journal set back': rollBack,
};
