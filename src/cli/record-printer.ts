import { escapeText, toJson, toPretty } from '../present/index.js';
import { decodeRecord } from '../record/index.js';
import type { StoredRecord } from '../record/index.js';
import type { OutputFormat } from './options.js';
import type { Terminal } from './output.js';

/** Prints the records that match, one a line. What is no record is named on standard error. */
export class RecordPrinter {
  constructor(
    private readonly terminal: Terminal,
    private readonly format: OutputFormat,
    private readonly test: (record: StoredRecord) => boolean,
    /** Before a line for people, such as whose record it is. */
    private readonly prefix: (record: StoredRecord) => string = () => '',
  ) {}

  wants({ bytes }: { readonly bytes: Uint8Array }): boolean {
    const decoded = decodeRecord(bytes);
    // Kept, so that print() says that it is unreadable.
    return !decoded.ok || this.test(decoded.record);
  }

  async print({ seq, bytes }: { readonly seq: bigint; readonly bytes: Uint8Array }): Promise<void> {
    const decoded = decodeRecord(bytes);
    if (!decoded.ok) {
      await this.terminal.err.line(
        `-- record ${seq} is unreadable: ${escapeText(decoded.reason)} --`,
      );
    } else if (this.test(decoded.record)) {
      await this.terminal.out.line(this.text(decoded.record));
    }
  }

  private text(record: StoredRecord): string {
    return this.format === 'json'
      ? toJson(record)
      : this.prefix(record) + toPretty(record, { color: this.terminal.color });
  }
}
