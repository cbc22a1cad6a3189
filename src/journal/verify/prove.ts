import { decodeRecord } from '../../record/index.js';
import {
  consistencyProof,
  foldRange,
  inclusionProof,
  tileNodes,
  verifyConsistency,
  verifyInclusion,
} from '../../tlog/index.js';
import type { NodeReader, TreeHead } from '../../tlog/index.js';
import { readJournal } from '../cursor.js';
import { realFiles } from '../files.js';
import { rangeAt } from '../nodes.js';
import { Tiles } from '../tiles.js';
import { readFields } from './fields.js';
import { leafOf } from './leaf.js';

export type Proved =
  | { readonly ok: true; readonly proof: readonly Buffer[] }
  | { readonly ok: false; readonly why: string };

/** Blocks of leaves that are read from records, because no full tile has them. */
const BLOCK = 256n;
const MAX_BLOCKS = 64;

/** That a record is in the tree of a signed head, checked against the record as it lies here. */
export function proveRecord(directory: string, seq: bigint, { size, root }: TreeHead): Proved {
  if (seq < 1n) return { ok: false, why: 'records are numbered from 1' };
  if (seq > size) {
    return { ok: false, why: `record ${seq} is not signed yet: the checkpoint covers ${size}` };
  }
  const leaves = new StoredLeaves(directory);
  const leaf = leaves.leaf(seq - 1n);
  if (leaf === null) return { ok: false, why: `record ${seq} is not here, or is damaged` };
  const proof = inclusionProof(seq - 1n, size, leaves.nodes);
  if (proof === null) return { ok: false, why: 'records and tiles that it takes are not here' };
  if (!verifyInclusion(leaf, seq - 1n, size, proof, root)) {
    return { ok: false, why: `record ${seq} or the tree here is not what was signed` };
  }
  return { ok: true, proof };
}

/** That the tree of one size goes on from that of another. `signed`: heads that the two have to agree with. */
export function proveConsistency(
  directory: string,
  oldSize: bigint,
  size: bigint,
  signed: readonly TreeHead[],
): Proved {
  if (oldSize > size) return { ok: false, why: 'the first size is the larger one' };
  const { nodes } = new StoredLeaves(directory);
  const roots = [oldSize, size].map((of) => rootAt(of, nodes));
  const [oldRoot, root] = roots;
  const proof = consistencyProof(oldSize, size, nodes);
  if (!oldRoot || !root || proof === null) {
    return { ok: false, why: 'records and tiles that it takes are not here' };
  }
  const contradicts = (head: TreeHead): boolean =>
    (head.size === oldSize && !head.root.equals(oldRoot)) ||
    (head.size === size && !head.root.equals(root));
  if (signed.some(contradicts) || !verifyConsistency(oldSize, oldRoot, size, root, proof)) {
    return { ok: false, why: 'the tree here is not what was signed' };
  }
  return { ok: true, proof };
}

function rootAt(size: bigint, nodes: NodeReader): Buffer | null {
  const range = rangeAt(size, nodes);
  return range === null ? null : foldRange(size, range);
}

/** Leaves by tile and by record. */
class StoredLeaves {
  readonly nodes: NodeReader;
  private readonly blocks = new Map<bigint, ReadonlyMap<bigint, Buffer>>();

  constructor(private readonly directory: string) {
    const tiles = new Tiles(directory, realFiles);
    this.nodes = tileNodes(
      (level, index) => tiles.read(level, index),
      (index) => this.leaf(index),
    );
  }

  /** From the record itself. */
  leaf(index: bigint): Buffer | null {
    const block = index / BLOCK;
    let leaves = this.blocks.get(block);
    if (leaves === undefined) {
      leaves = this.read(block);
      const [oldest] = this.blocks.keys();
      if (oldest !== undefined && this.blocks.size >= MAX_BLOCKS) this.blocks.delete(oldest);
      this.blocks.set(block, leaves);
    }
    return leaves.get(index) ?? null;
  }

  private read(block: bigint): ReadonlyMap<bigint, Buffer> {
    const leaves = new Map<bigint, Buffer>();
    const [after, until] = [block * BLOCK, (block + 1n) * BLOCK];
    for (const entry of readJournal(this.directory, { after, until })) {
      if ('damage' in entry) continue;
      const decoded = readFields(entry.bytes)?.hasStub ? decodeRecord(entry.bytes) : null;
      leaves.set(entry.seq - 1n, leafOf(entry.bytes, decoded?.ok ? decoded.record : null));
    }
    return leaves;
  }
}
