import { decodeBase64, decodeDecimal } from './base64.js';
import { isHash } from './hash.js';
import { parseNote } from './note.js';
import type { TreeHead } from './tree.js';

/** A C2SP tlog-checkpoint. */
export interface Checkpoint extends TreeHead {
  /** Whose tree it is. */
  readonly origin: string;
}

/** The text that is signed. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/** What a signed note says of a tree; null when it is none. The signatures are verifyNote()'s to check. */
export function parseCheckpoint(note: string): Checkpoint | null {
  const [origin, size, root, ...more] = parseNote(note)?.text.split('\n') ?? [];
  if (origin === undefined || size === undefined || root === undefined) return null;
  // Lines of an extension may follow, none of them empty; behind the last line feed there is nothing.
  if (origin === '' || more.indexOf('') !== more.length - 1) return null;
  const leaves = decodeDecimal(size);
  const hash = decodeBase64(root);
  if (leaves === null || hash === null || !isHash(hash)) return null;
  return { origin, size: leaves, root: hash };
}
