import { hasNote, readBuildId } from './build-id.js';
import { findDynamic, readDynamic } from './dynamic.js';
import { readHeaders } from './headers.js';
import { findImports } from './imports.js';
import type { ElfReason, FileReader } from './reader.js';

export interface ProgramWanted {
  /** Functions it may define for others to use. */
  readonly exports: readonly string[];
  /** Functions it may take from a library. */
  readonly imports: readonly string[];
  /** Owners of notes it may carry. */
  readonly notes: readonly string[];
}

export interface ProgramReport {
  readonly ok: true;
  /** In hexadecimal; null: it has none. */
  readonly buildId: string | null;
  readonly exports: ReadonlySet<string>;
  readonly imports: ReadonlySet<string>;
  readonly notes: ReadonlySet<string>;
}

export type ProgramResult = ProgramReport | { readonly ok: false; readonly reason: ElfReason };

/**
 * What a program says of itself to the loader. Reads only the loader's own tables, by their hashes: some hundred small
 * reads however large the file. Symbols for debuggers are not looked at.
 */
export function readProgram(reader: FileReader, wanted: ProgramWanted): ProgramResult {
  const headers = readHeaders(reader);
  if (typeof headers === 'string') return { ok: false, reason: headers };
  const { segments } = headers;
  const tables = readDynamic(reader, segments);
  const exported = wanted.exports.filter(
    (name) => tables !== null && findDynamic(reader, tables, name) !== null,
  );
  return {
    ok: true,
    buildId: readBuildId(reader, segments),
    exports: new Set(exported),
    imports: new Set(tables === null ? [] : findImports(reader, tables, wanted.imports)),
    notes: new Set(wanted.notes.filter((owner) => hasNote(reader, segments, owner))),
  };
}
