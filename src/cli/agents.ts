import type { Command } from 'commander';
import { uptime } from 'node:os';
import { SIGNATURES_TOLD } from '../agent/index.js';
import { jsonLine } from '../present/index.js';
import { readSocketPath } from '../readapi/index.js';
import type { AgentLine, MemberLine } from './agent-line.js';
import { agentTree } from './agent-tree.js';
import { CliError, EXIT } from './exit.js';
import type { ExitCode } from './exit.js';
import { loadCommon, outputOption, subcommand } from './options.js';
import type { CommonOptions, OutputFormat } from './options.js';
import type { Terminal } from './output.js';
import { askDaemon } from './status.js';
import { table } from './table.js';

interface AgentsOptions extends CommonOptions {
  readonly tree?: true;
  readonly signatures?: true;
  readonly output: OutputFormat;
}

export const agentsCommand = (terminal: Terminal, done: (code: ExitCode) => void): Command =>
  subcommand('agents', 'list the agents that run now', [
    'watchfloor agents',
    'watchfloor agents --tree                        # who started whom, with their processes',
    'watchfloor agents --signatures                  # which agents are known without a rule',
    "watchfloor agents -o json | jq 'select(.under)'",
  ])
    .option('--tree', 'below the agents that started them, with their living processes')
    .option('--signatures', 'list the built-in signatures instead; needs no daemon')
    .addOption(outputOption())
    .action(async (options: AgentsOptions) => {
      for (const line of await answer(options, terminal)) await terminal.out.line(line);
      done(EXIT.ok);
    });

async function answer(options: AgentsOptions, { unicode }: Terminal): Promise<string[]> {
  const asJson = options.output === 'json';
  if (options.signatures === true) {
    if (options.tree === true) {
      const remedy = 'ask for one of them: see watchfloor agents --help';
      throw new CliError(EXIT.usage, '--tree and --signatures are two questions', remedy);
    }
    return asJson ? SIGNATURES_TOLD.map(jsonLine) : signatureLines(SIGNATURES_TOLD);
  }
  const socketPath = readSocketPath(loadCommon(options).config.run_dir);
  const agents = await askDaemon<readonly AgentLine[]>(socketPath, 'agents');
  if (asJson) return agents.map((agent) => jsonLine(agentShapeOf(agent)));
  if (agents.length === 0) return ['no agents run'];
  return options.tree === true ? agentTree(agents, { unicode, nowNs: now() }) : agentTable(agents);
}

/** Time since boot, suspension included, which is what processes are dated by. */
const now = (): bigint => BigInt(Math.round(uptime() * 1000)) * 1_000_000n;

const COLUMNS = ['AGENT', 'NAME', 'ASSURANCE', 'PID', 'PROCESSES', 'STARTED BY'];

const agentTable = (agents: readonly AgentLine[]): string[] =>
  table(
    COLUMNS,
    agents.map(({ id, name, assurance, pid, processes, under }) => [
      id,
      name,
      assurance,
      String(pid),
      String(processes),
      under === undefined ? '' : `${under.parent.id}${under.handedOff ? ' (suspected)' : ''}`,
    ]),
  );

/** Keys as in a record. */
const agentShapeOf = (agent: AgentLine): object => ({
  id: agent.id,
  name: agent.name,
  session: agent.session,
  assurance: agent.assurance,
  pid: agent.pid,
  processes: agent.processes,
  under: agent.under && {
    parent: agent.under.parent,
    root: agent.under.root,
    depth: agent.under.depth,
    handed_off: agent.under.handedOff,
  },
  members: agent.members?.map(memberShape),
});

const memberShape = ({ pid, ppid, exe, program, sinceNs }: MemberLine): object => ({
  pid,
  start_ns: sinceNs,
  ppid,
  exe,
  program: program === '' ? undefined : program,
});

interface ToldSignature {
  readonly name: string;
  /** What it is a signature of, such as an agent. */
  readonly kind: string;
  /** It was checked against the real program. */
  readonly verified: boolean;
  readonly evidence: readonly string[];
}

/** A line for each piece of evidence. */
const signatureLines = (signatures: readonly ToldSignature[]): string[] =>
  table(
    ['NAME', 'KIND', 'STATE', 'EVIDENCE'],
    signatures.flatMap(({ name, kind, verified, evidence }) => {
      const [first = '', ...more] = evidence;
      const state = verified ? 'verified' : 'unverified';
      return [[name, kind, state, first], ...more.map((text) => ['', '', '', text])];
    }),
  );
