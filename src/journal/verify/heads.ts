import path from 'node:path';
import {
  foldRange,
  MAX_NOTE_BYTES,
  parseCheckpoint,
  parseNote,
  verifyCosignature,
  verifyNote,
} from '../../tlog/index.js';
import type { TreeHead } from '../../tlog/index.js';
import { codeOf, readSmall } from '../directory.js';
import type { Files } from '../files.js';
import type { Findings, VerifyOptions } from './report.js';

/** A signed tree head whose signature holds. */
export interface Head extends TreeHead {
  /** Where it was found. */
  readonly source: string;
  readonly bytes: number;
  /** null: not given with it. */
  readonly range: readonly Buffer[] | null;
}

export interface Heads {
  /** Smallest first. */
  readonly heads: readonly Head[];
  readonly cosignedSize: bigint;
  /** Something is signed, and there is no key. */
  readonly unchecked: boolean;
}

interface Source {
  readonly source: string;
  readonly note: string;
  readonly range: readonly Buffer[] | null;
}

/** The signed heads beside the records: files, the signer's state, and what was kept elsewhere. */
export function readHeads(
  directory: string,
  options: VerifyOptions,
  files: Files,
  findings: Findings,
): Heads {
  const { state, anchors = [], problems = [] } = options;
  for (const text of problems) {
    findings.add({ segment: 'signer/state', offset: 0, bytes: 0, reason: 'checkpoint', text });
  }
  const read = (source: string): Source[] => {
    const note = readNote(directory, source, files, findings);
    return note === null ? [] : [{ source, note, range: null }];
  };
  const cosigned = read('cosigned');
  const sources: Source[] = [
    ...read('checkpoint'),
    ...cosigned,
    ...(state === null || state.note === ''
      ? []
      : [{ source: 'signer/state', note: state.note, range: state.range }]),
    ...anchors.map((note) => ({ source: 'anchor', note, range: null })),
  ];
  const heads = sources.flatMap((source) => checkedHead(source, options, findings));
  heads.sort((a, b) => (a.size < b.size ? -1 : Number(a.size > b.size)));
  return {
    heads,
    cosignedSize: cosigned.reduce((_, one) => cosignedSizeOf(one.note, options, findings), 0n),
    unchecked: options.vkey === null && sources.length > 0,
  };
}

function readNote(
  directory: string,
  name: string,
  files: Files,
  findings: Findings,
): string | null {
  try {
    const file = path.join(directory, name);
    if (!files.list(directory).includes(name)) return null;
    const note = readSmall(file, MAX_NOTE_BYTES, files)?.toString('utf8');
    if (note !== undefined) return note;
    reject(name, 0, 'checkpoint', 'is no file, or too large for a checkpoint', findings);
  } catch (error) {
    reject(name, 0, 'unreadable', codeOf(error), findings);
  }
  return null;
}

function checkedHead(
  { source, note, range }: Source,
  { vkey }: VerifyOptions,
  findings: Findings,
): Head[] {
  const bytes = Buffer.byteLength(note);
  const head = parseCheckpoint(note);
  if (head === null) {
    reject(source, bytes, 'checkpoint', 'is not a signed checkpoint', findings);
    return [];
  }
  if (vkey === null) return [];
  if (head.origin !== vkey.name || !verifyNote(note, vkey)) {
    reject(source, bytes, 'signature', 'is not signed by the key of this node', findings);
    return [];
  }
  const fits = range === null || foldRange(head.size, range)?.equals(head.root) === true;
  if (!fits) reject(source, bytes, 'checkpoint', 'has a range of another tree', findings);
  return [{ size: head.size, root: head.root, source, bytes, range: fits ? range : null }];
}

function cosignedSizeOf(note: string, options: VerifyOptions, findings: Findings): bigint {
  const { cosigners = [], vkey } = options;
  const size = parseCheckpoint(note)?.size ?? 0n;
  const seen = cosigners.filter((key) => verifyCosignature(note, key) !== null);
  if (cosigners.length > 0 && seen.length === 0) {
    const bytes = Buffer.byteLength(note);
    reject('cosigned', bytes, 'signature', 'bears no cosignature of a known cosigner', findings);
    return 0n;
  }
  if (vkey === null || !verifyNote(note, vkey)) return 0n;
  return (parseNote(note)?.signatures.length ?? 0) > 1 ? size : 0n;
}

function reject(
  segment: string,
  bytes: number,
  reason: 'checkpoint' | 'signature' | 'unreadable',
  text: string,
  findings: Findings,
): void {
  findings.add({ segment, offset: 0, bytes, reason, text });
}
