import { foldRange, HASH_BYTES, TILE_BYTES, tilePath } from '../../tlog/index.js';
import type { TreeHead } from '../../tlog/index.js';
import type { Frontier } from './frontier.js';
import type { Places } from './places.js';
import type { Findings } from './report.js';

export interface Trusted extends TreeHead {
  /** Of a tree that folds to the root; null: only the root is known. */
  readonly range: readonly Buffer[] | null;
}

export interface Walked {
  readonly frontier: Frontier;
  readonly places: Places;
  readonly findings: Findings;
}

interface Compared {
  readonly start: bigint;
  readonly end: bigint;
  readonly hash: Buffer | null;
  readonly verdict: 'records' | 'tiles' | 'neither' | 'unknown';
}

/**
 * Holds the leaves against a signed head: by the records, or, where a tile says otherwise, by the tile, so that it shows
 * which of them was changed. `unknown`: too little of the tree is known, and nothing contradicts.
 */
export function settle(walked: Walked, trusted: Trusted): 'holds' | 'differs' | 'unknown' {
  const { frontier, places } = walked;
  const { size, range } = trusted;
  if (size < frontier.start || size > frontier.size) return 'unknown';
  const compared =
    range === null ? compareRoots(frontier, trusted) : compare(frontier, size, range);
  if (compared === null) return 'differs';
  for (const subtree of compared) tellSubtree(walked, subtree, size);
  const hashes = range ?? compared.flatMap(({ hash }) => hash ?? []);
  const verdicts = new Set(compared.map(({ verdict }) => verdict));
  if (foldRange(size, hashes) !== null) {
    frontier.settle(size, hashes);
    places.forget(size + 1n);
  }
  if (verdicts.has('neither') || verdicts.has('tiles')) return 'differs';
  return verdicts.has('unknown') ? 'unknown' : 'holds';
}

function compare(frontier: Frontier, size: bigint, range: readonly Buffer[]): Compared[] {
  const byTiles = frontier.disputed(size).length > 0 ? frontier.subtrees(size, 'tiles') : [];
  return frontier.subtrees(size, 'records').map(({ start, end, hash }, at) => {
    const signed = range[at];
    const other = byTiles[at]?.hash ?? null;
    if (signed === undefined) return { start, end, hash, verdict: 'unknown' };
    if (hash?.equals(signed) === true) return { start, end, hash, verdict: 'records' };
    if (other?.equals(signed) === true) return { start, end, hash: other, verdict: 'tiles' };
    return { start, end, hash: signed, verdict: hash === null ? 'unknown' : 'neither' };
  });
}

/** null: neither way leads to the root. */
function compareRoots(frontier: Frontier, { size, root }: TreeHead): Compared[] | null {
  let unknown = false;
  for (const by of ['records', 'tiles'] as const) {
    const subtrees = frontier.subtrees(size, by);
    const hashes = subtrees.flatMap(({ hash }) => hash ?? []);
    unknown ||= hashes.length < subtrees.length;
    if (foldRange(size, hashes)?.equals(root) !== true) continue;
    return subtrees.map(({ start, end, hash }) => ({ start, end, hash, verdict: by }));
  }
  return unknown ? [{ start: 0n, end: 0n, hash: null, verdict: 'unknown' }] : null;
}

function tellSubtree(
  { frontier, places, findings }: Walked,
  { start, end, verdict }: Compared,
  size: bigint,
): void {
  const disputed = frontier.disputed(size).filter((index) => index >= start && index < end);
  if (verdict === 'records') for (const index of disputed) findings.add(tileDamage(index));
  if (verdict === 'tiles') {
    for (const index of disputed) {
      for (const place of places.of(index + 1n, index + 1n)) {
        findings.add({ ...place, reason: 'content', text: 'is not the record that was signed' });
      }
    }
  }
  if (verdict === 'neither') {
    const text = 'one of these records at least is not what was signed';
    for (const place of places.of(start + 1n, end)) {
      findings.add({ ...place, reason: 'content', text });
    }
    for (const index of disputed) findings.add(tileDamage(index));
    const first = places.of(start + 1n, end)[0]?.firstSeq ?? end + 1n;
    tellTiles(findings, start < frontier.start ? frontier.start : start, first - 1n);
  }
}

/** Where the records are gone, the tiles spoke for them. */
function tellTiles(findings: Findings, start: bigint, end: bigint): void {
  for (let index = start; index < end; index = ((index >> 8n) + 1n) << 8n) {
    const last = ((index >> 8n) + 1n) << 8n;
    findings.add({
      segment: tilePath(0, index >> 8n),
      offset: 0,
      bytes: TILE_BYTES,
      firstSeq: index + 1n,
      lastSeq: last < end ? last : end,
      reason: 'tile',
      text: 'these tiles do not lead to what was signed',
    });
  }
}

export function tileDamage(index: bigint) {
  return {
    segment: tilePath(0, index >> 8n),
    offset: Number(index & 255n) * HASH_BYTES,
    bytes: HASH_BYTES,
    firstSeq: index + 1n,
    lastSeq: index + 1n,
    reason: 'tile',
    text: 'the hash of a record in a tile is not that of the record',
  } as const;
}
