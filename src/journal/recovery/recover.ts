import path from 'node:path';
import { foldRange, MAX_NOTE_BYTES, parseCheckpoint } from '../../tlog/index.js';
import { listImpostors, listSegments, readSmall } from '../directory.js';
import type { Segment } from '../directory.js';
import type { Lost, Opening, Recovered } from '../found.js';
import { decodeHeader, HEADER_BYTES } from '../format.js';
import { Quarantine } from '../quarantine.js';
import type { Damage } from '../segment.js';
import { Tiles } from '../tiles.js';
import type { Tree, TreeRange } from '../tree.js';
import { Window } from '../window.js';
import { readChain } from './chain.js';
import type { Chain } from './chain.js';
import { judge } from './judge.js';
import type { Judgement } from './judge.js';
import { repairSegment } from './repair.js';
import type { ScanContext, Scanned } from './scan.js';
import { growTree, mendTiles } from './regrow.js';

export interface Recovery {
  readonly segments: readonly Segment[];
  /** The next number is one more. */
  readonly last: bigint;
  /** Of the newest segment that says one; 0: none. */
  readonly epoch: number;
  readonly tiles: Tiles;
  readonly tree: Tree;
  readonly found: Opening;
}

/** A tree that is known without its records. */
export interface Base {
  readonly tree: TreeRange | null;
  /** Its records should be here. Otherwise they were skipped, which is no loss to tell. */
  readonly isSigned: boolean;
}

/**
 * Finds where a journal goes on: reads its end, holds it against the tiles and what was signed last, and sets aside what
 * is torn, damaged or not of this journal. Throws only what the file system says.
 */
export function recover(context: ScanContext, { tree: anchor, isSigned }: Base): Recovery {
  const { directory, files } = context;
  const quarantine = new Quarantine(directory, files);
  for (const name of listImpostors(directory, files)) quarantine.move(name, 'foreign');
  const tiles = new Tiles(directory, files);
  const signed = anchor !== null && isSound(anchor) ? anchor : null;
  const signedSize = signed?.size ?? 0n;
  const chain = readChain(context, tiles, signedSize);
  const judgement = judge(evidenceOf(chain, tiles, signed));
  const last = judgement.foreign ?? chain.last;
  const told = isSigned ? 0n : signedSize;
  const holes = holesOf(chain, last, quarantine).filter(({ lastSeq = 0n }) => lastSeq > told);
  const repaired = repair(context, quarantine, chain, judgement, last);
  const missing = [...holes, ...repaired.damage];
  const lost = lostOf(missing, last, isSigned ? signedSize : 0n, () =>
    judgement.foreign === null && wasLonger(context, tiles, last) ? 'truncated' : 'rollback',
  );
  const kept = chain.scanned.flatMap(({ records }) => records.filter(isKept(judgement, last)));
  const doubt = mendTiles(tiles, quarantine, kept, judgement);
  const tree = growTree(context, tiles, signed, kept, last);
  const segments = listSegments(directory, files);
  return {
    segments,
    last: tree.size,
    epoch: newestEpoch(context, segments),
    tiles,
    tree,
    found: {
      recovered: repaired.recovered,
      damage: [...missing, ...doubt],
      quarantined: quarantine.names,
      lost,
    },
  };
}

const isSound = ({ size, root, range }: TreeRange): boolean =>
  size > 0n && foldRange(size, range)?.equals(root) === true;

const isKept =
  ({ bad }: Judgement, last: bigint) =>
  ({ seq }: Scanned): boolean =>
    seq <= last && !bad.has(seq - 1n);

function evidenceOf({ scanned, last }: Chain, tiles: Tiles, anchor: TreeRange | null) {
  const records = scanned.flatMap((one) => one.records).filter(({ seq }) => seq <= last);
  const leaves = new Map(records.map(({ seq, leaf }) => [seq - 1n, leaf]));
  const first = (scanned[0]?.segment.firstSeq ?? last + 1n) - 1n;
  return { leaves, first, size: last, tiles, anchor };
}

/** Numbers that are missing between records, which no damage and no earlier opening has told. */
function holesOf({ scanned }: Chain, last: bigint, quarantine: Quarantine): Damage[] {
  const holes: Damage[] = [];
  let next = scanned[0]?.segment.firstSeq ?? 1n;
  let before = next;
  for (const { segment, records, damage } of scanned) {
    for (const { seq, start, link } of records) {
      if (seq > last) return holes;
      const hole = { firstSeq: next, lastSeq: seq - 1n };
      const told = (): boolean =>
        link !== null ||
        damage.some(({ bytes, firstSeq }) => bytes > 0 && firstSeq === hole.firstSeq) ||
        quarantine.knows(before, hole.lastSeq);
      if (seq > next && !told()) {
        holes.push({ segment: segment.name, offset: start, bytes: 0, reason: 'missing', ...hole });
      }
      next = seq + 1n;
      before = segment.firstSeq;
    }
  }
  return holes;
}

function repair(
  context: ScanContext,
  quarantine: Quarantine,
  { scanned, empty }: Chain,
  judgement: Judgement,
  last: bigint,
): { readonly damage: Damage[]; readonly recovered: Recovered | null } {
  const damage: Damage[] = [];
  let recovered: Recovered | null = null;
  for (const { name, bytes } of empty) {
    const kept = quarantine.move(name, 'torn');
    recovered ??= { segment: name, offset: 0, bytes, reason: 'torn', kept };
  }
  // From the end: a crash in between leaves a journal that is cut off earlier, not one with a hole.
  for (const segment of scanned.toReversed()) {
    const isGood = isKept(judgement, last);
    const done = repairSegment(context, quarantine, segment, last, isGood);
    damage.unshift(...done.damage.filter(({ reason }) => reason !== 'missing'));
    recovered ??= done.recovered;
  }
  return { damage, recovered };
}

/** The signed numbers behind the end; where that is whole, from the first to the last of those that are missing inside. */
function lostOf(
  missing: readonly Damage[],
  last: bigint,
  signed: bigint,
  causeOfEnd: () => Lost['cause'],
): Lost | null {
  const inside = missing.flatMap(({ firstSeq, lastSeq }) =>
    firstSeq === undefined || lastSeq === undefined || firstSeq > signed
      ? []
      : [{ firstSeq, lastSeq: lastSeq < signed ? lastSeq : signed }],
  );
  if (last < signed) return { firstSeq: last + 1n, lastSeq: signed, cause: causeOfEnd() };
  const firstOf = inside.reduce((least, { firstSeq }) => min(least, firstSeq), signed + 1n);
  const lastOf = inside.reduce((most, { lastSeq }) => (lastSeq > most ? lastSeq : most), 0n);
  return inside.length === 0 ? null : { firstSeq: firstOf, lastSeq: lastOf, cause: 'damaged' };
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** Whether something in the directory knows of records behind the last. */
function wasLonger({ directory, files }: ScanContext, tiles: Tiles, last: bigint): boolean {
  const note = readSmall(path.join(directory, 'checkpoint'), MAX_NOTE_BYTES, files);
  const size = note === null ? null : parseCheckpoint(note.toString('utf8'))?.size;
  return (size ?? 0n) > last || tiles.read(0, last >> 8n) !== null;
}

function newestEpoch({ directory, files }: ScanContext, segments: readonly Segment[]): number {
  for (const { name, bytes } of segments.toReversed()) {
    const window = new Window(files, path.join(directory, name), bytes);
    const header = decodeHeader(window.at(0, HEADER_BYTES));
    window.close();
    if (header !== null) return header.epoch;
  }
  return 0;
}
