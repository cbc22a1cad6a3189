import type { Command } from 'commander';
import { escapeText } from '../present/index.js';
import { readSocketPath } from '../readapi/index.js';
import { EXIT } from './exit.js';
import type { ExitCode } from './exit.js';
import { loadCommon, outputOption, subcommand } from './options.js';
import type { CommonOptions, OutputFormat } from './options.js';
import type { Terminal } from './output.js';
import { askDaemon } from './status.js';

/** One living agent as the daemon tells of it. */
export interface AgentLine {
  readonly id: string;
  readonly name: string;
  readonly session: string;
  readonly assurance: string;
  readonly pid: number;
  readonly processes: number;
}

interface AgentsOptions extends CommonOptions {
  readonly output: OutputFormat;
}

export const agentsCommand = (terminal: Terminal, done: (code: ExitCode) => void): Command =>
  subcommand('agents', 'list the agents that run now', [
    'watchfloor agents',
    'watchfloor agents -o json',
  ])
    .addOption(outputOption())
    .action(async (options: AgentsOptions) => {
      const socketPath = readSocketPath(loadCommon(options).config.run_dir);
      const agents = await askDaemon<readonly AgentLine[]>(socketPath, 'agents');
      const lines =
        options.output === 'json' ? agents.map((one) => JSON.stringify(one)) : table(agents);
      for (const line of lines) await terminal.out.line(line);
      done(EXIT.ok);
    });

const COLUMNS = ['AGENT', 'NAME', 'ASSURANCE', 'PID', 'PROCESSES'];

const table = (agents: readonly AgentLine[]): string[] => {
  if (agents.length === 0) return ['no agents run'];
  const rows = agents.map(({ id, name, assurance, pid, processes }) =>
    [id, name, assurance, String(pid), String(processes)].map(escapeText),
  );
  const all = [COLUMNS, ...rows];
  const widths = COLUMNS.map((_name, column) =>
    Math.max(...all.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return all.map(line);
};
