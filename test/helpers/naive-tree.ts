import { createHash } from 'node:crypto';

/** RFC 6962 as it is written there, by recursion over the leaves: slow, and independent of src/tlog and of the signer. */
export class NaiveTree {
  readonly #leaves: readonly Buffer[];
  readonly #known = new Map<string, Buffer>();

  /** `seed`: trees of different seeds have no leaf in common. */
  constructor(size: number, seed = '') {
    this.#leaves = Array.from({ length: size }, (_, i) => sha256(0, `${seed}/${String(i)}`));
  }

  /** MTH(D[0:size]) of section 2.1. */
  root(size: number): Buffer {
    return this.#hash(0, size);
  }

  /** PROOF(oldSize, D[0:size]) of section 2.1.2; empty where there is nothing to prove. */
  proof(oldSize: number, size: number): Buffer[] {
    return oldSize === 0 ? [] : this.#subproof(oldSize, 0, size, true);
  }

  /** The perfect subtrees of the tree of that size, largest first. */
  range(size: number): Buffer[] {
    const range: Buffer[] = [];
    for (let at = 0; at < size;) {
      const width = 2 ** Math.floor(Math.log2(size - at));
      range.push(this.#hash(at, at + width));
      at += width;
    }
    return range;
  }

  #hash(from: number, to: number): Buffer {
    const key = `${String(from)}-${String(to)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const hash = this.#compute(from, to);
    this.#known.set(key, hash);
    return hash;
  }

  #compute(from: number, to: number): Buffer {
    if (to === from) return createHash('sha256').digest();
    const leaf = this.#leaves[from];
    if (leaf === undefined) throw new Error(`the tree has no leaf ${String(from)}`);
    if (to - from === 1) return leaf;
    const middle = from + largestBelow(to - from);
    return sha256(1, this.#hash(from, middle), this.#hash(middle, to));
  }

  #subproof(oldSize: number, from: number, to: number, whole: boolean): Buffer[] {
    const size = to - from;
    if (oldSize === size) return whole ? [] : [this.#hash(from, to)];
    const k = largestBelow(size);
    return oldSize <= k
      ? [...this.#subproof(oldSize, from, from + k, whole), this.#hash(from + k, to)]
      : [...this.#subproof(oldSize - k, from + k, to, false), this.#hash(from, from + k)];
  }
}

/** The largest power of two that is smaller. */
function largestBelow(size: number): number {
  return 2 ** Math.ceil(Math.log2(size) - 1);
}

function sha256(prefix: number, ...parts: (Buffer | string)[]): Buffer {
  const hash = createHash('sha256').update(Buffer.of(prefix));
  for (const part of parts) hash.update(part);
  return hash.digest();
}
