import t from 'tap';
import {
  CompactRange,
  consistencyProof,
  EMPTY_ROOT,
  foldRange,
  inclusionProof,
  leafHash,
  verifyConsistency,
  verifyInclusion,
} from '../../../src/tlog/index.js';
import { leafOf, leavesOf, pathOf, proofOf, readerOf, rootOf } from './reference.js';

const MOST = 70;
const LEAVES = leavesOf(MOST);
const ROOTS = Array.from({ length: MOST + 1 }, (_, size) => rootOf(LEAVES.slice(0, size)));
const OTHER = leafOf(Buffer.from('another'));
const NODES = new Map<string, Buffer | null>();

/** The reference, each node once. */
const read = (level: number, index: bigint): Buffer | null => {
  const name = `${level}/${index}`;
  const node = NODES.get(name) ?? readerOf(LEAVES)(level, index);
  NODES.set(name, node);
  return node;
};

const root = (size: number): Buffer => ROOTS[size] ?? EMPTY_ROOT;
const leaf = (index: number): Buffer => LEAVES[index] ?? OTHER;

/** Each hash with a bit turned, left out or twice; one more in front and behind. */
function* mutations(proof: readonly Buffer[]): Generator<Buffer[]> {
  for (const [at, hash] of proof.entries()) {
    const turned = Buffer.from(hash);
    turned[at % 32] = (turned[at % 32] ?? 0) ^ 1;
    yield proof.with(at, turned);
    yield proof.toSpliced(at, 1);
    yield proof.toSpliced(at, 0, hash);
    yield proof.with(at, hash.subarray(1));
  }
  yield [...proof, OTHER];
  yield [OTHER, ...proof];
}

t.test('a record of any length has the leaf that RFC 6962 says', async (t) => {
  for (const bytes of [0, 1, 400, 65_535, 65_536, 65_537, 200_000]) {
    const record = Buffer.alloc(bytes, bytes & 255);
    t.ok(leafHash(record).equals(leafOf(record)), `${bytes} bytes`);
  }
});

t.test('every inclusion proof up to 70 leaves is the recursive one and holds', async (t) => {
  for (let size = 1; size <= MOST; size += 1) {
    for (let index = 0; index < size; index += 1) {
      const proof = inclusionProof(BigInt(index), BigInt(size), read) ?? [];
      const same = pathOf(index, LEAVES.slice(0, size));
      const held = verifyInclusion(leaf(index), BigInt(index), BigInt(size), proof, root(size));
      const ok = held && Buffer.concat(proof).equals(Buffer.concat(same));
      if (!ok) t.fail(`${index} of ${size}`);
    }
  }
});

t.test('no changed inclusion proof holds, nor for another leaf, place or root', async (t) => {
  for (let size = 1; size <= MOST; size += 1) {
    for (let index = 0; index < size; index += 1) {
      const [i, n] = [BigInt(index), BigInt(size)];
      const proof = inclusionProof(i, n, read) ?? [];
      const wrong = [
        ...[...mutations(proof)].map((p) => verifyInclusion(leaf(index), i, n, p, root(size))),
        verifyInclusion(OTHER, i, n, proof, root(size)),
        verifyInclusion(leaf(index), i, n, proof, OTHER),
        verifyInclusion(leaf(index), n, n, proof, root(size)),
        verifyInclusion(leaf(index), -1n, n, proof, root(size)),
        size > 1 && verifyInclusion(leaf(index), i ^ 1n, n, proof, root(size)),
      ];
      if (wrong.includes(true)) t.fail(`${index} of ${size}: ${wrong.indexOf(true)}`);
    }
  }
});

t.test('every consistency proof up to 70 leaves is the recursive one and holds', async (t) => {
  for (let size = 0; size <= MOST; size += 1) {
    for (let old = 0; old <= size; old += 1) {
      const proof = consistencyProof(BigInt(old), BigInt(size), read) ?? [OTHER];
      const same = old === 0 ? [] : proofOf(old, LEAVES.slice(0, size));
      const held = verifyConsistency(BigInt(old), root(old), BigInt(size), root(size), proof);
      const ok = held && Buffer.concat(proof).equals(Buffer.concat(same));
      if (!ok) t.fail(`${old} to ${size}`);
    }
  }
});

t.test('no changed consistency proof holds, nor for another root or size', async (t) => {
  for (let size = 1; size <= MOST; size += 1) {
    for (let old = 0; old <= size; old += 1) {
      const [m, n] = [BigInt(old), BigInt(size)];
      const proof = consistencyProof(m, n, read) ?? [];
      const wrong = [
        ...[...mutations(proof)].map((p) => verifyConsistency(m, root(old), n, root(size), p)),
        verifyConsistency(m, OTHER, n, root(size), proof),
        old > 0 && verifyConsistency(m, root(old), n, OTHER, proof),
        verifyConsistency(n + 1n, root(old), n, root(size), proof),
        verifyConsistency(-1n, root(old), n, root(size), proof),
      ];
      if (wrong.includes(true)) t.fail(`${old} to ${size}: ${wrong.indexOf(true)}`);
    }
  }
});

t.test('a proof that needs an unknown node, or is of no tree, is null', async (t) => {
  const blind = (): null => null;
  t.equal(inclusionProof(3n, 8n, blind), null);
  t.equal(consistencyProof(3n, 8n, blind), null);
  t.equal(consistencyProof(4n, 7n, blind), null);
  t.equal(inclusionProof(8n, 8n, read), null);
  t.equal(inclusionProof(-1n, 8n, read), null);
  t.equal(consistencyProof(9n, 8n, read), null);
  t.same(inclusionProof(0n, 1n, blind), []);
});

t.test('a range grows to the same roots from every size it is taken up at', async (t) => {
  for (let from = 0; from <= MOST; from += 1) {
    const whole = new CompactRange();
    for (const hash of LEAVES.slice(0, from)) whole.append(hash);
    const tree = new CompactRange(BigInt(from), whole.hashes());
    for (const hash of LEAVES.slice(from)) tree.append(hash);
    if (!tree.root().equals(root(MOST))) t.fail(`from ${from}`);
    t.ok(foldRange(whole.size, whole.hashes())?.equals(root(from)));
  }
});

t.test('a range tells each perfect subtree once, under its level and index', async (t) => {
  const told: string[] = [];
  const tree = new CompactRange();
  for (const hash of LEAVES) {
    tree.append(hash, (level, index, node) => {
      told.push(`${level}/${index}`);
      if (!read(level, index)?.equals(node)) t.fail(`${level}/${index}`);
    });
  }
  const expected = [0, 1, 2, 3, 4, 5, 6].flatMap((level) =>
    Array.from({ length: Math.floor(MOST / 2 ** level) }, (_, index) => `${level}/${index}`),
  );
  t.same(told.toSorted(), expected.toSorted());
});

t.test('a clone goes its own way', async (t) => {
  const tree = new CompactRange();
  tree.append(leaf(0));
  const other = tree.clone();
  other.append(leaf(1));
  t.same([tree.size, other.size], [1n, 2n]);
  t.ok(tree.root().equals(root(1)));
  t.ok(other.root().equals(root(2)));
});

t.test('a range that does not fit its size has no root, and makes no tree', async (t) => {
  t.equal(foldRange(3n, [OTHER]), null);
  t.equal(foldRange(1n, []), null);
  t.equal(foldRange(-1n, [OTHER]), null);
  t.equal(foldRange(1n, [OTHER.subarray(1)]), null);
  t.throws(() => new CompactRange(3n, [OTHER]), RangeError);
});
