import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** A longer file is not ours. */
const BYTES_MAX = 1 << 20;

/** None where there is no such file, or none that could be ours: what it would say is found out or said once more. */
export function readLines(path: string): string[] {
  try {
    const bytes = readFileSync(path);
    return bytes.length > BYTES_MAX ? [] : bytes.toString('utf8').split('\n');
  } catch {
    return [];
  }
}

/** Whole or not at all. What is lost with the power is found out or said once more. */
export function writeLines(path: string, lines: readonly string[]): void {
  try {
    writeFileSync(`${path}.new`, `${lines.join('\n')}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch {
    // A full disk is said by the journal, which stands on the same one.
  }
}
