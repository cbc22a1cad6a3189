import { Argument } from 'commander';
import type { Command } from 'commander';
import { join } from 'node:path';
import { proveConsistency } from '../journal/index.js';
import { keyOption, readEvidence, signedCheckpoints } from './evidence.js';
import { CliError, EXIT } from './exit.js';
import { loadCommon, subcommand, wholeNumber } from './options.js';
import type { CommonOptions } from './options.js';
import type { Terminal } from './output.js';

interface ConsistencyOptions extends CommonOptions {
  readonly key?: string;
}

export const consistencyCommand = (terminal: Terminal): Command =>
  subcommand(
    'consistency',
    'print the proof that the journal of one size goes on from that of another (RFC 6962)',
    [
      'watchfloor consistency 1042 2077     # a base64 hash a line; none for equal sizes',
      'watchfloor consistency 1042 2077 --state-dir /mnt/evidence',
    ],
  )
    .addArgument(new Argument('<old-size>', 'the smaller size').argParser(wholeNumber))
    .addArgument(new Argument('<size>', 'the larger size').argParser(wholeNumber))
    .addOption(keyOption())
    .action((oldSize: number, size: number, options: ConsistencyOptions) => {
      const stateDir = loadCommon(options).config.state_dir;
      const signed = signedCheckpoints(stateDir, readEvidence(stateDir, options.key));
      const directory = join(stateDir, 'journal');
      const proved = proveConsistency(directory, BigInt(oldSize), BigInt(size), signed);
      if (!proved.ok) {
        const remedy = 'watchfloor verify says what is wrong with a journal';
        throw new CliError(EXIT.negative, `it cannot be proved: ${proved.why}`, remedy);
      }
      for (const hash of proved.proof) terminal.out.text(`${hash.toString('base64')}\n`);
    });
