import type { Command } from 'commander';
import { jsonLine } from '../present/index.js';
import { readSocketPath } from '../readapi/index.js';
import type { CoverageLine } from './coverage-line.js';
import { EXIT } from './exit.js';
import type { ExitCode } from './exit.js';
import { loadCommon, outputOption, subcommand } from './options.js';
import type { CommonOptions, OutputFormat } from './options.js';
import type { Terminal } from './output.js';
import { askDaemon } from './status.js';
import { table } from './table.js';

interface CoverageOptions extends CommonOptions {
  readonly output: OutputFormat;
}

export const coverageCommand = (terminal: Terminal, done: (code: ExitCode) => void): Command =>
  subcommand('coverage', 'list what of the TLS of the agents that run now can be read', [
    'watchfloor coverage',
    'watchfloor coverage -o json | jq \'select(.coverage.state != "plaintext")\'',
    'watchfloor tail --all --kind coverage            # how it came to be so',
  ])
    .addOption(outputOption())
    .action(async (options: CoverageOptions) => {
      const socketPath = readSocketPath(loadCommon(options).config.run_dir);
      const lines = await askDaemon<readonly CoverageLine[]>(socketPath, 'coverage');
      const asJson = options.output === 'json';
      const text = asJson ? lines.map((line) => jsonLine(shapeOf(line))) : coverageTable(lines);
      for (const line of text) await terminal.out.line(line);
      done(EXIT.ok);
    });

const COLUMNS = ['AGENT', 'PID', 'PROGRAM', 'COVERAGE', 'LIBRARY', 'REASON', 'FILE'];

export const coverageTable = (lines: readonly CoverageLine[]): string[] =>
  lines.length === 0
    ? ['no agent that runs was seen to use TLS']
    : table(
        COLUMNS,
        lines.map(({ agent, pid, exe, state, library, reason, path }) => [
          ...[agent, String(pid), exe, state, library === '' ? '-' : library, reason],
          path === exe ? '' : path,
        ]),
      );

/** Keys as in a record. */
const shapeOf = ({ agent, pid, startNs, exe, ...coverage }: CoverageLine): object => ({
  agent: { id: agent },
  process: { pid, start_ns: startNs, exe },
  coverage: {
    state: coverage.state,
    library: coverage.library === '' ? null : coverage.library,
    reason: coverage.reason,
    path: coverage.path === '' ? null : coverage.path,
  },
});
