import { hash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

export type SavedCursor =
  | { readonly state: 'ok'; readonly seq: bigint }
  | { readonly state: 'missing' }
  | { readonly state: 'damaged'; readonly reason: string };

const TITLE = 'watchfloor cursor 1';
const FORM = /^watchfloor cursor 1\n(\d{1,20})\n([0-9a-f]{16})\n$/;
const MAX_BYTES = 256;

/**
 * The last number that a stream acknowledged, in a file of three lines: title, number, checksum. It may be behind what was
 * acknowledged, never ahead: then records go out twice, and the gateway takes them once.
 */
export class CursorFile {
  constructor(private readonly path: string) {}

  async read(): Promise<SavedCursor> {
    let text: string;
    try {
      text = (await readFile(this.path)).subarray(0, MAX_BYTES).toString('latin1');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
      return code === 'ENOENT' ? { state: 'missing' } : { state: 'damaged', reason: code };
    }
    const [, digits = '', sum] = FORM.exec(text) ?? [];
    if (sum === undefined) return { state: 'damaged', reason: 'it is no cursor' };
    if (sum !== checksum(digits)) return { state: 'damaged', reason: 'its checksum is wrong' };
    return { state: 'ok', seq: BigInt(digits) };
  }

  /** Whole or not at all, and durable when it resolves. False: it could not be written; the old one stays. */
  async save(seq: bigint): Promise<boolean> {
    const temporary = `${this.path}.new`;
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      const file = await open(temporary, 'w', 0o600);
      try {
        await file.writeFile(`${TITLE}\n${seq}\n${checksum(`${seq}`)}\n`);
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.path);
      return true;
    } catch {
      return false;
    }
  }
}

const checksum = (digits: string): string =>
  hash('sha256', `${TITLE}\n${digits}`, 'hex').slice(0, 16);
