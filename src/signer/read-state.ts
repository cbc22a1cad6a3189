import fs from 'node:fs';
import path from 'node:path';
import { decodeBase64, foldRange, HASH_BYTES, parseCheckpoint, parseVkey } from '../tlog/index.js';
import type { TreeState } from '../tlog/index.js';

const MAX_FILE_BYTES = 16 * 1024;
const MAX_HASHES = 64;

/** What lies in a signer's directory. */
export interface FoundState {
  /** C2SP verifier key. null: not there, or not one. */
  readonly vkey: string | null;
  /** null: not there, or not one. Whose signature it bears is not looked at here. */
  readonly state: TreeState | null;
  /** What is there and is not what it should be, a sentence each. */
  readonly problems: readonly string[];
}

/** Reads `vkey` and `state` of a signer's directory (`<state_dir>/signer`), whatever they are. Never throws. */
export function readSignerState(directory: string): FoundState {
  const problems: string[] = [];
  const read = <T>(name: string, parse: (text: string) => T | null): T | null => {
    const text = readSmall(path.join(directory, name));
    if (text === null) return null;
    const value = typeof text === 'string' ? parse(text) : null;
    if (value === null)
      problems.push(
        `signer/${name} ${typeof text === 'string' ? 'cannot be read as one' : text.why}`,
      );
    return value;
  };
  const vkey = read('vkey', vkeyOf);
  const state = read('state', parseState);
  return { vkey, state, problems };
}

function vkeyOf(text: string): string | null {
  const line = text.replace(/\n$/, '');
  return parseVkey(line) === null ? null : line;
}

/** The signer's file: a signed checkpoint, an empty line, and the range, a base64 hash a line. */
export function parseState(text: string): TreeState | null {
  const [body, signatures, ...rest] = text.split('\n\n');
  if (body === undefined || signatures === undefined || rest.length !== 1) return null;
  const note = `${body}\n\n${signatures}\n`;
  const head = parseCheckpoint(note);
  const range = parseRange(rest[0] ?? '');
  if (head === null || range === null) return null;
  if (foldRange(head.size, range)?.equals(head.root) !== true) return null;
  return { size: head.size, root: head.root, range, note: head.size === 0n ? '' : note };
}

function parseRange(text: string): Buffer[] | null {
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.length > MAX_HASHES) return null;
  const hashes = lines.map((line) => decodeBase64(line));
  const range = hashes.filter((hash): hash is Buffer => hash?.length === HASH_BYTES);
  return range.length === lines.length ? range : null;
}

/** The text of a file; null: there is none; or why it may not be read. */
function readSmall(file: string): string | null | { readonly why: string } {
  // A symbolic link is not followed, and a FIFO not waited for.
  const flags = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;
  let fd = -1;
  try {
    fd = fs.openSync(file, flags);
    if (!fs.fstatSync(fd).isFile()) return { why: 'is not a file' };
    const bytes = Buffer.alloc(MAX_FILE_BYTES + 1);
    const length = fs.readSync(fd, bytes, 0, bytes.length, 0);
    if (length > MAX_FILE_BYTES) return { why: 'is too large' };
    return bytes.toString('utf8', 0, length);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'EUNKNOWN';
    return code === 'ENOENT' ? null : { why: `cannot be opened: ${code}` };
  } finally {
    if (fd >= 0) fs.closeSync(fd);
  }
}
