import { Argument } from 'commander';
import type { Command } from 'commander';
import { jsonLine } from '../present/index.js';
import { readSocketPath } from '../readapi/index.js';
import { CliError, EXIT } from './exit.js';
import type { ExitCode } from './exit.js';
import { explanationText } from './explain-view.js';
import type { Explanation } from './explanation.js';
import { loadCommon, outputOption, processNumber, subcommand } from './options.js';
import type { CommonOptions, OutputFormat } from './options.js';
import type { Terminal } from './output.js';
import { askDaemon } from './status.js';

interface ExplainOptions extends CommonOptions {
  readonly output: OutputFormat;
}

/** Negative answer: there is no such process. */
export const explainCommand = (terminal: Terminal, done: (code: ExitCode) => void): Command =>
  subcommand(
    'explain',
    "say whose a process is and why, or why it is nobody's; exit 1 when there is none",
    [
      'watchfloor explain 4711',
      'watchfloor explain $(pgrep -n node) -o json',
      "watchfloor explain 4711 -o json | jq '.lines[] | select(.matched)'",
    ],
  )
    .addArgument(new Argument('<pid>', 'number of the process').argParser(processNumber))
    .addOption(outputOption())
    .action(async (pid: number, options: ExplainOptions) => {
      const socketPath = readSocketPath(loadCommon(options).config.run_dir);
      const found = await askDaemon<Explanation | null>(socketPath, 'explain', { pid });
      if (found === null) {
        const remedy = 'it may have ended: watchfloor tail --all --pid shows what it did';
        throw new CliError(EXIT.negative, `there is no process ${pid}`, remedy);
      }
      const lines = options.output === 'json' ? [jsonLine(found)] : explanationText(found);
      for (const line of lines) await terminal.out.line(line);
      done(EXIT.ok);
    });
