import { JournalCursor } from '../journal/index.js';
import type { Journal } from '../journal/index.js';
import { readJournal } from '../journal/index.js';
import { ReadServer } from '../readapi/index.js';
import type { CommittedRecord, ReadSource } from '../readapi/index.js';

/** Commits come every ten milliseconds; a reader waits a little longer and costs much less. */
const PUBLISH_MS = 25;

/** The read socket over the journal: what is committed goes to every reader, from the files. */
export class LiveRecords {
  readonly server: ReadServer;
  #cursor: JournalCursor | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly journalDir: string,
    private readonly journal: Journal,
    views: Pick<ReadSource, 'status' | 'agents' | 'coverage' | 'explain'>,
  ) {
    this.server = new ReadServer({
      read: (after) => this.#read(after),
      last: () => journal.committed,
      ...views,
    });
    journal.onCommit(() => {
      this.#timer ??= setTimeout(() => {
        this.publish();
      }, PUBLISH_MS);
    });
  }

  /** Gives live readers everything committed. */
  publish(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const position = this.server.livePosition();
    if (position === null) {
      this.#cursor = null;
      return;
    }
    this.#cursor ??= new JournalCursor(this.journalDir, { after: position });
    for (const entry of this.#cursor.read(this.journal.committed)) {
      if ('seq' in entry) this.server.publish(entry);
    }
  }

  *#read(after: bigint): Generator<CommittedRecord> {
    for (const entry of readJournal(this.journalDir, { after, until: this.journal.committed })) {
      if ('seq' in entry) yield entry;
    }
  }
}
