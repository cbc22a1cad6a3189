import { Argument } from 'commander';
import type { Command } from 'commander';
import { join } from 'node:path';
import { proveRecord } from '../journal/index.js';
import { formatTlogProof } from '../tlog/index.js';
import { keyOption, readEvidence, signedCheckpoints } from './evidence.js';
import { CliError, EXIT } from './exit.js';
import { loadCommon, subcommand, wholeNumber } from './options.js';
import type { CommonOptions } from './options.js';
import type { Terminal } from './output.js';

interface ProveOptions extends CommonOptions {
  readonly key?: string;
}

export const proveCommand = (terminal: Terminal): Command =>
  subcommand('prove', 'print the proof that a record is in the signed journal (C2SP tlog-proof)', [
    'watchfloor prove 1042 > 1042.tlog-proof',
    'watchfloor prove 1042 --key node.vkey --state-dir /mnt/evidence',
  ])
    .addArgument(new Argument('<seq>', 'number of the record').argParser(wholeNumber))
    .addOption(keyOption())
    .action((seq: number, options: ProveOptions) => {
      const stateDir = loadCommon(options).config.state_dir;
      const evidence = readEvidence(stateDir, options.key);
      const [newest] = signedCheckpoints(stateDir, evidence);
      if (newest === undefined) return;
      const proved = proveRecord(join(stateDir, 'journal'), BigInt(seq), newest);
      if (!proved.ok) {
        const remedy = 'watchfloor verify says what is wrong with a journal';
        throw new CliError(EXIT.negative, `it cannot be proved: ${proved.why}`, remedy);
      }
      const { proof } = proved;
      const index = BigInt(seq) - 1n;
      terminal.out.text(formatTlogProof({ index, proof, checkpoint: newest.note }));
    });
