import * as fs from 'node:fs';
import { join } from 'node:path';
import { Journal, listSegments, readJournal } from '../../../src/journal/index.js';
import type { Damage, JournalOptions } from '../../../src/journal/index.js';
import { decodeRecord } from '../../../src/record/index.js';
import { redact } from '../../../src/redact/index.js';
import type { Storable } from '../../../src/redact/index.js';
import { CompactRange, leafHash } from '../../../src/tlog/index.js';
import type { TreeState } from '../../../src/tlog/index.js';
import { origin, stamp, valueOf } from '../../fixtures/golden/values.js';

export const storable = (seq: bigint): Storable =>
  redact({ ...valueOf('exec'), origin: { ...origin, seq } }, stamp);
export const finding = redact(valueOf('finding'), stamp);

export function append(journal: Journal, count: number): (bigint | null)[] {
  return Array.from({ length: count }, (_, index) => journal.append(storable(BigInt(index))));
}

export interface Read {
  readonly seqs: readonly bigint[];
  readonly epochs: readonly number[];
  readonly damage: readonly Damage[];
}

/** Reads all, and checks that each record says the number it was found under. */
export function read(entries: ReturnType<typeof readJournal>): Read {
  const seqs: bigint[] = [];
  const epochs: number[] = [];
  const damage: Damage[] = [];
  for (const entry of entries) {
    if ('damage' in entry) {
      damage.push(entry.damage);
      continue;
    }
    const decoded = decodeRecord(entry.bytes);
    if (!decoded.ok || decoded.record.seq !== entry.seq) throw new Error(`record ${entry.seq}`);
    seqs.push(entry.seq);
    epochs.push(decoded.record.epoch);
  }
  return { seqs, epochs, damage };
}

export const upTo = (last: number, first = 1): bigint[] =>
  Array.from({ length: last - first + 1 }, (_, index) => BigInt(first + index));

/** A journal directory with some records in it, written in one go; gives the tree over all of them. */
export async function filled(
  dir: string,
  count: number,
  options?: JournalOptions,
): Promise<TreeState> {
  const { journal } = Journal.open(dir, options);
  append(journal, count);
  await journal.close();
  return { ...journal.tree(), note: 'signed' };
}

/** The tree over the records of a directory, made from nothing else. */
export function treeOf(dir: string, size?: bigint): TreeState {
  const tree = new CompactRange();
  for (const entry of readJournal(dir)) {
    if (size !== undefined && tree.size === size) break;
    if ('damage' in entry || entry.seq !== tree.size + 1n) throw new Error('a hole');
    tree.append(leafHash(entry.bytes));
  }
  return { size: tree.size, root: tree.root(), range: tree.hashes(), note: 'signed' };
}

export const fail = (code: string): Error => Object.assign(new Error(code), { code });

/** Segments of 2 KiB: two or three records each. */
export const small = { segmentBytes: 2048 };

export const segmentFiles = (dir: string): string[] =>
  listSegments(dir).map(({ name }) => join(dir, name));

/** Flips a bit of a file. */
export function flip(file: string, at: number): void {
  const bytes = fs.readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  fs.writeFileSync(file, bytes);
}
