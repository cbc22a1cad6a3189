import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { Option } from 'commander';
import { readSignerState } from '../signer/index.js';
import { MAX_NOTE_BYTES, parseCheckpoint, parseVkey, verifyNote } from '../tlog/index.js';
import type { Checkpoint, TreeState, VerifierKey } from '../tlog/index.js';
import { CliError, EXIT } from './exit.js';

/** What is known of a journal's signer. */
export interface Evidence {
  /** null: there is none. */
  readonly vkey: VerifierKey | null;
  readonly state: TreeState | null;
  readonly problems: readonly string[];
}

/** A checkpoint that the node's key signed. */
export interface SignedCheckpoint extends Checkpoint {
  readonly note: string;
}

export const keyOption = (): Option =>
  new Option(
    '--key <vkey>',
    "verifier key of the node, or a file with it (default: the state directory's signer/vkey)",
  );

/** The signer's files of a state directory, with the key that was given instead of theirs. */
export const readEvidence = (stateDir: string, key?: string): Evidence => {
  const { vkey, state, problems } = readSignerState(join(stateDir, 'signer'));
  if (key !== undefined) return { vkey: givenKey(key), state, problems };
  return { vkey: vkey === null ? null : parseVkey(vkey), state, problems };
};

const givenKey = (text: string): VerifierKey => {
  const key = parseVkey(text) ?? parseVkey(readNoteFile(text));
  if (key !== null) return key;
  const remedy = 'it looks like watchfloor.v1/default/web-1+1a2b3c4d+AR..., as in signer/vkey';
  throw new CliError(EXIT.usage, `${text} is no verifier key`, remedy);
};

/** A small text file that the user named. */
export const readNoteFile = (path: string): string => {
  try {
    const text = readSome(path);
    if (text !== null) return text;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'EUNKNOWN';
    throw new CliError(EXIT.usage, `${path} cannot be read: ${code}`, 'name a file that is there');
  }
  throw new CliError(EXIT.usage, `${path} is too large`, 'name a file with a key or a checkpoint');
};

/** null: too large. */
const readSome = (path: string): string | null => {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(MAX_NOTE_BYTES + 1);
    const length = readSync(fd, bytes, 0, bytes.length, 0);
    return length > MAX_NOTE_BYTES ? null : bytes.toString('utf8', 0, length);
  } finally {
    closeSync(fd);
  }
};

/** The checkpoints beside the journal that the node's key signed, the largest first. Throws where there is none. */
export const signedCheckpoints = (stateDir: string, evidence: Evidence): SignedCheckpoint[] => {
  const { vkey, state } = evidence;
  const remedy = 'give the key of the node with --key, and see that the signer runs';
  if (vkey === null) throw new CliError(EXIT.negative, 'there is no key of the node', remedy);
  const files = ['checkpoint', 'cosigned'].map((name) => join(stateDir, 'journal', name));
  const notes = [...files.map(noteIfThere), state?.note ?? ''];
  const found = notes.flatMap((note) => {
    const checkpoint = parseCheckpoint(note);
    return checkpoint !== null && verifyNote(note, vkey) ? [{ ...checkpoint, note }] : [];
  });
  if (found.length === 0) {
    throw new CliError(EXIT.negative, 'there is no checkpoint that this key signed', remedy);
  }
  // Of the same size the one with more signatures.
  return found.sort((a, b) => Number(b.size - a.size) || b.note.length - a.note.length);
};

const noteIfThere = (path: string): string => {
  try {
    return readSome(path) ?? '';
  } catch {
    return '';
  }
};
