import path from 'node:path';
import { decodeBase64, decodeDecimal, foldRange } from '../tlog/index.js';
import { readSmall } from './directory.js';
import type { Files } from './files.js';
import type { TreeRange } from './tree.js';

const NAME = 'base';
const MAX_BYTES = 1 << 13;

/** The tree that a mirror went on from behind its last loss: size, root and range, a line each. Null where there is none. */
export function readBase(directory: string, files: Files): TreeRange | null {
  const text = readSmall(path.join(directory, NAME), MAX_BYTES, files)?.toString('latin1') ?? '';
  const [first = '', ...lines] = text.split('\n').slice(0, -1);
  const size = decodeDecimal(first);
  const [root, ...range] = lines.map(decodeBase64);
  if (size === null || root === null || root === undefined || !range.every((hash) => hash !== null))
    return null;
  return foldRange(size, range)?.equals(root) === true ? { size, root, range } : null;
}

/** Durable when it returns. Throws what the disk says. */
export function writeBase(directory: string, { size, root, range }: TreeRange, files: Files): void {
  const hashes = [root, ...range].map((hash) => hash.toString('base64'));
  const file = path.join(directory, NAME);
  files.writeWhole(`${file}.tmp`, Buffer.from([`${size}`, ...hashes, ''].join('\n'), 'latin1'));
  files.rename(`${file}.tmp`, file);
  files.syncNow(directory);
}
