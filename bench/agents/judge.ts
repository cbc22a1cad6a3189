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
    readonly under?: unknown;
  } | null;
  readonly process: {
    readonly pid: number;
    readonly exe: string;
    readonly argv: readonly string[];
  } | null;
  readonly finding?: { readonly rule: string; readonly summary: string };
}

/** What is to be said of a trial. */
export interface Verdict {
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

export function judge({ agent, oracle, ended, heard, seen, records }: Trial): Verdict {
  const pids = new Set(seen.map(({ pid }) => pid));
  const own = records.filter(({ process }) => process !== null && pids.has(process.pid));
  const of = (pick: (who: NonNullable<RecordLine['agent']>) => string): string[] => [
    ...new Set(own.flatMap(({ agent: who }) => (who === null ? [] : [pick(who)]))),
  ];
  const sessions = of((who) => who.session);
  const execs = own.filter(({ kind, agent: who }) => kind === 'exec' && isAs(who, agent.name));
  const tools = TOOLS.filter((tool) =>
    execs.some(({ process }) => process !== null && runs(process, tool, oracle)),
  );
  const children = seen.filter(({ pid }) => pid !== ended.pid);
  const notAttributed = without(children, execs);
  const findings = records.filter(
    ({ kind, agent: who, process }) =>
      kind === 'finding' &&
      ((who !== null && sessions.includes(who.session)) ||
        (process !== null && pids.has(process.pid))),
  );
  const verdict = {
    ...{ name: agent.name, version: agent.version },
    recognised: of((who) => who.name),
    assurances: of((who) => who.assurance),
    sessions,
    toolRan: heard.some(({ method, path }) => method === 'GET' && path === `/${oracle}`),
    ...{ tools, children: children.length, notAttributed, findings },
    attributed: children.length - notAttributed.length,
  };
  return { ...verdict, wrong: wrongOf(verdict, own) };
}

const isAs = (who: RecordLine['agent'], name: string): boolean =>
  who !== null && who.name === name && who.assurance === 'recognised' && who.under === undefined;

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

function wrongOf(verdict: Omit<Verdict, 'wrong'>, own: readonly RecordLine[]): string[] {
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
  expect(
    own.every(({ agent }) => agent?.under === undefined),
    'an agent within it',
  );
  expect(tools.length === TOOLS.length, `of the tool call only: ${tools.join(', ') || 'nothing'}`);
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
