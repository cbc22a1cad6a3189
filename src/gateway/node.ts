import { join } from 'node:path';
import { readJournal } from '../journal/index.js';
import type { Mirror } from '../journal/index.js';
import { decodeRecord } from '../record/index.js';
import { EMPTY_ROOT, parseCheckpoint } from '../tlog/index.js';
import type { TreeState } from '../tlog/index.js';
import { NodeBook } from './node-book.js';
import type { BookRules, KnownNode } from './node-book.js';
import type { Who } from './incoming.js';
import type { ReorderBudget } from './reorder-buffer.js';
import { makeDirectory, readSmall, writeDurably, writeOnce } from './small-file.js';

type PathName = 'journal' | 'cosigned' | 'signer' | 'vkey' | 'held';

/** Where a node's evidence lies, below its own directory: what `watchfloor verify --state-dir` takes. */
const paths = (directory: string): Readonly<Record<PathName, string>> => ({
  journal: join(directory, 'journal'),
  cosigned: join(directory, 'journal', 'cosigned'),
  signer: join(directory, 'signer'),
  vkey: join(directory, 'signer', 'vkey'),
  held: join(directory, 'held'),
});

/** One node: its book, the copy of its journal, and what must outlive us. */
export class Node {
  readonly book: NodeBook;
  /** Something was appended that is not durable yet. */
  dirty = false;

  private constructor(
    readonly who: Who,
    private readonly directory: string,
    private readonly mirror: Mirror,
    rules: BookRules,
    budget: ReorderBudget,
  ) {
    const known = readKnown(directory, mirror);
    this.book = new NodeBook(who, mirror, known, rules, budget);
  }

  /** Throws what the file system or the journal refuses. */
  static open(
    who: Who,
    directory: string,
    openMirror: (directory: string) => Mirror,
    rules: BookRules,
    budget: ReorderBudget,
  ): Node {
    const { journal, signer } = paths(directory);
    makeDirectory(signer);
    return new Node(who, directory, openMirror(journal), rules, budget);
  }

  get size(): bigint {
    return this.mirror.next - 1n;
  }

  /** Durable when it resolves: no other key is ever taken. */
  async pin(vkey: string): Promise<void> {
    await writeOnce(paths(this.directory).vkey, `${vkey}\n`);
  }

  /** Durable when it resolves: nothing is cosigned until somebody removes the file. */
  async hold(reason: string): Promise<void> {
    await writeDurably(paths(this.directory).held, `${reason}\n`);
  }

  /** False when the disk does not take it; nothing is lost by it, and it may be asked again. */
  async commit(): Promise<boolean> {
    const done = await this.mirror.commit();
    if (done) this.dirty = false;
    return done;
  }

  /** What we agreed on and have not cosigned yet must survive us. */
  saveAgreed(): void {
    const { agreed } = this.book.trust;
    if (agreed !== null) this.mirror.saveCheckpoint(agreed.note);
  }

  /** Durable when it resolves. */
  async saveCosigned(note: string, tree: TreeState): Promise<void> {
    await writeDurably(paths(this.directory).cosigned, note);
    this.book.trust.wasCosigned(tree);
  }

  cosignedNote(): string | null {
    return readSmall(paths(this.directory).cosigned)?.toString('utf8') ?? null;
  }

  async close(): Promise<void> {
    await this.mirror.close();
  }
}

function readKnown(directory: string, mirror: Mirror): KnownNode {
  const { vkey, cosigned, held, journal } = paths(directory);
  const note = parseCheckpoint(readSmall(cosigned)?.toString('utf8') ?? '');
  return {
    vkey: readSmall(vkey)?.toString('utf8').trim() ?? null,
    held: readSmall(held)?.toString('utf8').trim() ?? null,
    cosigned: note ?? { size: 0n, root: EMPTY_ROOT },
    epoch: lastEpoch(journal, mirror.next - 1n),
  };
}

function lastEpoch(journal: string, last: bigint): number {
  let epoch = 0;
  if (last === 0n) return epoch;
  for (const entry of readJournal(journal, { after: last - 1n })) {
    const decoded = 'bytes' in entry ? decodeRecord(entry.bytes) : null;
    if (decoded?.ok === true) epoch = decoded.record.epoch;
  }
  return epoch;
}
