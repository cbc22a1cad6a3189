import type { Command } from 'commander';
import { join } from 'node:path';
import type { Damage } from '../journal/index.js';
import { decodeRecord } from '../record/index.js';
import { CliError, EXIT } from './exit.js';
import { loadCommon, outputOption, subcommand } from './options.js';
import type { CommonOptions, OutputFormat } from './options.js';
import type { Terminal } from './output.js';
import { damageText, journalEntries } from './records.js';

/** Exit codes of this command alone. */
const VERDICT = { intact: 0, tampered: 1, incomplete: 2, unreadable: 3 } as const;

type Verdict = keyof typeof VERDICT;

interface VerifyOptions extends CommonOptions {
  readonly output: OutputFormat;
}

interface Walk {
  readonly records: number;
  readonly first: string | null;
  readonly last: string | null;
  readonly damage: readonly string[];
  readonly verdict: Verdict;
}

export const verifyCommand = (terminal: Terminal, done: (code: number) => void): Command =>
  subcommand(
    'verify',
    'check every record of the journal: exit 0 intact, 1 tampered, 2 incomplete, 3 unreadable',
    ['watchfloor verify', 'watchfloor verify -o json --state-dir /mnt/evidence'],
  )
    .addOption(outputOption())
    .action(async (options: VerifyOptions) => {
      const dir = join(loadCommon(options).config.state_dir, 'journal');
      const walk = walkJournal(dir);
      await terminal.out.line(options.output === 'json' ? JSON.stringify(walk) : pretty(dir, walk));
      done(VERDICT[walk.verdict]);
    });

/** Checksums and contiguity; the writer may be at work meanwhile. */
const walkJournal = (dir: string): Walk => {
  const damage: string[] = [];
  let records = 0;
  let first: string | null = null;
  let last: string | null = null;
  let verdict: Verdict = 'intact';
  try {
    for (const entry of journalEntries(dir, 0n)) {
      if ('damage' in entry) {
        damage.push(damageText(entry.damage));
        verdict = worse(verdict, verdictOf(entry.damage));
        continue;
      }
      records += 1;
      last = String(entry.seq);
      first ??= last;
      const decoded = decodeRecord(entry.bytes);
      if (decoded.ok) continue;
      damage.push(`record ${entry.seq}: ${decoded.reason}`);
      verdict = worse(verdict, 'tampered');
    }
  } catch (error) {
    if (!(error instanceof CliError) || error.exitCode === EXIT.notPermitted) throw error;
    return { records, first, last, damage: [error.message], verdict: 'unreadable' };
  }
  return { records, first, last, damage, verdict };
};

const worse = (a: Verdict, b: Verdict): Verdict => {
  if (a === 'tampered' || b === 'tampered') return 'tampered';
  return a === 'intact' ? b : a;
};

/** Numbers that are nowhere may have been lost with the disk; bytes that are wrong were changed. */
const verdictOf = ({ reason }: Damage): Verdict => {
  switch (reason) {
    case 'missing':
      return 'incomplete';
    case 'header':
    case 'frame':
    case 'sequence':
      return 'tampered';
  }
};

const pretty = (dir: string, walk: Walk): string =>
  [
    `${dir}: ${walk.verdict}`,
    `  ${walk.records} records${walk.first === null ? '' : `, ${walk.first} to ${walk.last ?? ''}`}`,
    ...walk.damage.map((line) => `  ${line}`),
  ].join('\n');
