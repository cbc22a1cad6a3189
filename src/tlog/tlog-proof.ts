import { decodeBase64, decodeDecimal } from './base64.js';
import { isHash } from './hash.js';
import { MAX_NOTE_BYTES, parseNote } from './note.js';

/** A C2SP tlog-proof: all that is needed to check that a record is in a signed tree. */
export interface TlogProof {
  readonly index: bigint;
  /** Lowest first. */
  readonly proof: readonly Buffer[];
  /** The signed note. */
  readonly checkpoint: string;
}

const HEADER = 'c2sp.org/tlog-proof@v1';
/** A tree of 2^64 leaves is no deeper. */
const MAX_STEPS = 64;
const MAX_CHARS = MAX_NOTE_BYTES + 4096;

export function formatTlogProof({ index, proof, checkpoint }: TlogProof): string {
  const steps = proof.map((hash) => `${hash.toString('base64')}\n`).join('');
  return `${HEADER}\nindex ${index}\n${steps}\n${checkpoint}`;
}

/** null: no proof, or one that is too large. Whether it holds is verifyInclusion()'s and verifyNote()'s to say. */
export function parseTlogProof(text: string): TlogProof | null {
  const split = text.indexOf('\n\n');
  if (text.length > MAX_CHARS || split < 0) return null;
  const [header, ...lines] = text.slice(0, split).split('\n');
  // What the writer has to say beside the proof is nothing to it.
  const extra = lines[0]?.startsWith('extra ') === true ? lines.shift() : undefined;
  if (extra !== undefined && decodeBase64(extra.slice('extra '.length)) === null) return null;
  const index = decodeDecimal(/^index (\d+)$/.exec(lines.shift() ?? '')?.[1] ?? '');
  const proof = lines.flatMap((line) => decodeBase64(line) ?? []).filter(isHash);
  const checkpoint = text.slice(split + 2);
  if (header !== HEADER || index === null || parseNote(checkpoint) === null) return null;
  if (proof.length < lines.length || proof.length > MAX_STEPS) return null;
  return { index, proof, checkpoint };
}
