import { nodeReader, subtreesOf } from '../nodes.js';
import type { EntryReader, Subtree } from '../nodes.js';
import type { Tiles } from '../tiles.js';
import type { TreeRange } from '../tree.js';

export interface Evidence {
  /** Leaf hashes of records that are there, by index; all lie at or behind `first`. */
  readonly leaves: ReadonlyMap<bigint, Buffer>;
  readonly first: bigint;
  /** Leaves of the tree, records that are there or not. */
  readonly size: bigint;
  readonly tiles: Tiles;
  /** What was signed last. */
  readonly anchor: TreeRange | null;
}

export interface Judgement {
  /** Leaves whose records are not those that were signed. */
  readonly bad: ReadonlySet<bigint>;
  /** From this leaf on it is another history than the signed one; null: it is not. */
  readonly foreign: bigint | null;
  /** Older leaves of which the tiles are not what was signed. */
  readonly doubtful: readonly { readonly start: bigint; readonly end: bigint }[];
  /** Tiles of level 0 that contradict good records. */
  readonly wrongTiles: readonly bigint[];
}

/** Holds records, tiles and the signed range against each other: what two of them say is taken for true. */
export function judge(evidence: Evidence): Judgement {
  const { anchor, first } = evidence;
  const bad = new Set<bigint>();
  const doubtful: Subtree[] = [];
  let unclear: Subtree[] = [];
  const byRecords = nodeReader(recordsFirst(evidence));
  const byTiles = nodeReader(tilesFirst(evidence));
  const subtrees = anchor === null ? [] : subtreesOf(anchor.size);
  subtrees.forEach((subtree, at) => {
    const { level, index, end } = subtree;
    const signed = anchor?.range[at];
    if (signed === undefined || end > evidence.size) return;
    const found = byRecords(level, index);
    if (found === null) return;
    if (found.equals(signed)) {
      // What comes behind it is of this history, so that single records before it were exchanged.
      for (const before of unclear) for (const leaf of leavesOf(before, evidence)) bad.add(leaf);
      unclear = [];
    } else if (end > first && byTiles(level, index)?.equals(signed) === true) {
      for (const leaf of contradicted(subtree, evidence)) bad.add(leaf);
    } else {
      // With an older tile among it, that may as well be what is wrong.
      (subtree.start < first ? doubtful : unclear).push(subtree);
    }
  });
  const foreign = unclear[0]?.start ?? null;
  return { bad, foreign, doubtful, wrongTiles: wrongTiles(evidence, bad, foreign) };
}

function recordsFirst({ leaves, first, tiles }: Evidence): EntryReader {
  return (level, index) => {
    if (level > 0) return higher(level, index, first, tiles);
    return leaves.get(index) ?? tiles.entry(0, index);
  };
}

function tilesFirst({ leaves, first, tiles }: Evidence): EntryReader {
  return (level, index) => {
    if (level > 0) return higher(level, index, first, tiles);
    return tiles.entry(0, index) ?? leaves.get(index) ?? null;
  };
}

/** Of records that were read, tiles of higher levels say nothing. */
function higher(level: number, index: bigint, first: bigint, tiles: Tiles): Buffer | null {
  return (index + 1n) << BigInt(8 * level) > first ? null : tiles.entry(level, index);
}

function* leavesOf({ start, end }: Subtree, { leaves, first }: Evidence): Generator<bigint> {
  for (let leaf = start > first ? start : first; leaf < end; leaf += 1n) {
    if (leaves.has(leaf)) yield leaf;
  }
}

function* contradicted(subtree: Subtree, evidence: Evidence): Generator<bigint> {
  for (const leaf of leavesOf(subtree, evidence)) if (differs(leaf, evidence)) yield leaf;
}

function differs(leaf: bigint, { leaves, tiles }: Evidence): boolean {
  const record = leaves.get(leaf);
  const tile = record === undefined ? null : tiles.entry(0, leaf);
  return tile !== null && record?.equals(tile) === false;
}

function wrongTiles(
  evidence: Evidence,
  bad: ReadonlySet<bigint>,
  foreign: bigint | null,
): bigint[] {
  const wrong = new Set<bigint>();
  for (const leaf of evidence.leaves.keys()) {
    if (bad.has(leaf) || (foreign !== null && leaf >= foreign)) continue;
    if (differs(leaf, evidence)) wrong.add(leaf >> 8n);
  }
  return [...wrong];
}
