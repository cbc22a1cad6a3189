import type { RealAgent } from './catalogue.js';
import type { Trial } from './trial.js';
import type { SeenExec } from './witness.js';

/** One line of `tail -o json`, as far as it is looked at here. */
export interface RecordLine {
  readonly seq: number;
  readonly kind: string;
  readonly agent: {
    readonly id: string;
    readonly name: string;
    readonly session: string;
    readonly assurance: string;
    readonly under?: { readonly parent: { readonly session: string } };
  } | null;
  readonly process: {
    readonly pid: number;
    readonly exe: string;
    readonly argv: readonly string[];
    readonly chain: readonly { readonly pid: number }[];
  } | null;
  readonly finding?: { readonly rule: string; readonly summary: string };
}

/** One agent of a trial: the one that was started, or the one that it started. */
export interface Part {
  readonly agent: RealAgent;
  /** As the table calls it. */
  readonly title: string;
  readonly root: number;
  /** What the root and its descendants executed, without what an agent within it did. */
  readonly seen: readonly SeenExec[];
  /** Session of the agent that started it; null: nobody's. */
  readonly parent: string | null;
  /** Its tool call runs the programs with the oracle's word. */
  readonly hasTools: boolean;
}

/** What is to be said of one agent of a trial. */
export interface Verdict {
  readonly title: string;
  readonly name: string;
  readonly version: string;
  /** Names, assurances and sessions of the agents that its processes belong to. */
  readonly recognised: readonly string[];
  readonly assurances: readonly string[];
  readonly sessions: readonly string[];
  /** The model's tool call was made: the URL was asked for. */
  readonly toolRan: boolean;
  /** Programs of the tool call that have an exec record with the oracle's word, of this agent. */
  readonly tools: readonly string[];
  /** Execs of its descendants by the witness. */
  readonly children: number;
  readonly attributed: number;
  readonly notAttributed: readonly SeenExec[];
  readonly findings: readonly RecordLine[];
  /** What is not as it has to be; empty: all is well. */
  readonly wrong: readonly string[];
}

/** Programs that the tool call starts, each with the oracle's word in its argv. */
const TOOLS = ['bash', 'git', 'node', 'curl'];

export function judge(trial: Trial, part: Part): Verdict {
  const { agent, root, seen, parent } = part;
  const pids = new Set(seen.map(({ pid }) => pid));
  // Before its root executed the agent's program it was its parent's.
  const own = trial.records.filter(
    ({ agent: who, process }) =>
      process !== null && pids.has(process.pid) && (parent === null || who?.session !== parent),
  );
  const of = (pick: (who: NonNullable<RecordLine['agent']>) => string): string[] => [
    ...new Set(own.flatMap(({ agent: who }) => (who === null ? [] : [pick(who)]))),
  ];
  const sessions = of((who) => who.session);
  const isOwn = (who: RecordLine['agent']): boolean => sessions.includes(who?.session ?? '');
  const execs = own.filter(({ kind, agent: who }) => kind === 'exec' && isAs(who, part));
  const children = seen.filter(({ pid }) => pid !== root);
  const notAttributed = without(children, execs);
  const verdict = {
    ...{ title: part.title, name: agent.name, version: agent.version },
    recognised: of((who) => who.name),
    assurances: of((who) => who.assurance),
    sessions,
    toolRan: trial.heard.some(
      ({ method, path }) => method === 'GET' && path === `/${trial.oracle}`,
    ),
    tools: TOOLS.filter((tool) =>
      execs.some(({ process }) => process !== null && runs(process, tool, trial.oracle)),
    ),
    ...{ children: children.length, notAttributed },
    attributed: children.length - notAttributed.length,
    findings: trial.records.filter(
      (record) => record.kind === 'finding' && (isOwn(record.agent) || own.includes(record)),
    ),
  };
  // The root of an agent within this one was this one's before.
  const roots = trial.parts.map((one) => one.root);
  const strays = trial.records.filter(
    ({ kind, agent: who, process }) =>
      kind === 'exec' && process !== null && isOwn(who) && !has(pids, roots, process.pid),
  );
  const wrong = [
    ...wrongOf(verdict, part),
    ...own.flatMap((record) => wrongIn(record, part)),
    ...strays.map(({ seq, process }) => `record ${seq}: ${process?.exe ?? ''} is not its own`),
  ];
  return { ...verdict, wrong };
}

const has = (pids: ReadonlySet<number>, roots: readonly number[], pid: number): boolean =>
  pids.has(pid) || roots.includes(pid);

/** All it does is the doing of the process that was started, which is the root of its one session; the chain goes on above it. */
function wrongIn({ seq, agent, process }: RecordLine, { root, parent }: Part): string[] {
  if (agent === null || process === null) return [];
  const line = [process, ...process.chain].map(({ pid }) => pid);
  const isBelow = parent === null ? line.at(-1) === root : line.includes(root);
  return [
    ...(isBelow ? [] : [`record ${seq}: its chain ${line.join(' < ')} is not that of ${root}`]),
    ...(parentOf(agent) === parent ? [] : [`record ${seq}: an agent under another`]),
  ];
}

const parentOf = ({ under }: NonNullable<RecordLine['agent']>): string | null =>
  under?.parent.session ?? null;

const isAs = (who: RecordLine['agent'], { agent, parent }: Part): boolean =>
  who !== null &&
  who.name === agent.name &&
  who.assurance === 'recognised' &&
  parentOf(who) === parent;

const runs = (
  { exe, argv }: NonNullable<RecordLine['process']>,
  tool: string,
  oracle: string,
): boolean =>
  (exe.endsWith(`/${tool}`) || exe.endsWith(`/${tool === 'bash' ? 'dash' : tool}`)) &&
  argv.some((arg) => arg.includes(oracle));

/** Execs that have no record: of each process as many as there are too few. */
function without(seen: readonly SeenExec[], records: readonly RecordLine[]): SeenExec[] {
  const left = new Map<number, number>();
  for (const { process } of records) {
    const pid = process?.pid ?? 0;
    left.set(pid, (left.get(pid) ?? 0) + 1);
  }
  return seen.filter(({ pid }) => {
    const count = left.get(pid) ?? 0;
    left.set(pid, count - 1);
    return count <= 0;
  });
}

function wrongOf(verdict: Omit<Verdict, 'wrong'>, { hasTools }: Part): string[] {
  const { name, recognised, assurances, sessions, tools, toolRan, children } = verdict;
  const wrong: string[] = [];
  const expect = (holds: boolean, text: string): void => {
    if (!holds) wrong.push(text);
  };
  expect(toolRan, 'the tool call was not made');
  expect(children > 0, 'the witness saw no child');
  expect(recognised.join() === name, `known as ${recognised.join(', ') || 'nobody'}`);
  expect(assurances.join() === 'recognised', `assurance ${assurances.join(', ') || 'none'}`);
  expect(sessions.length === 1, `${sessions.length} sessions`);
  const wanted = hasTools ? TOOLS.length : 0;
  expect(tools.length === wanted, `of the tool call: ${tools.join(', ') || 'nothing'}`);
  for (const { file } of verdict.notAttributed) wrong.push(`not attributed: ${file}`);
  const rules = verdict.findings.map(({ finding }) => finding?.rule ?? '');
  const unregistered = rules.filter((rule) => rule === 'agent.unregistered').length;
  expect(unregistered === 1, `agent.unregistered ${unregistered} times`);
  for (const { seq, finding, process } of verdict.findings) {
    if (finding === undefined || !/^(agent\.masq|exec\.|lineage\.)/.test(finding.rule)) continue;
    wrong.push(`record ${seq}: ${finding.rule}: ${finding.summary} (${process?.exe ?? ''})`);
  }
  return wrong;
}
