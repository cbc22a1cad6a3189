import type { Command } from 'commander';
import { readSocketPath } from '../readapi/index.js';
import { EXIT } from './exit.js';
import type { ExitCode } from './exit.js';
import { loadCommon, outputOption, subcommand } from './options.js';
import type { CommonOptions, OutputFormat } from './options.js';
import type { Terminal } from './output.js';
import { askDaemon } from './status.js';
import { table } from './table.js';

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
      const shown =
        options.output === 'json' ? agents.map((one) => JSON.stringify(one)) : lines(agents);
      for (const line of shown) await terminal.out.line(line);
      done(EXIT.ok);
    });

const COLUMNS = ['AGENT', 'NAME', 'ASSURANCE', 'PID', 'PROCESSES'];

const lines = (agents: readonly AgentLine[]): string[] => {
  if (agents.length === 0) return ['no agents run'];
  const rows = agents.map(({ id, name, assurance, pid, processes }) => [
    id,
    name,
    assurance,
    String(pid),
    String(processes),
  ]);
  return table(COLUMNS, rows);
};
