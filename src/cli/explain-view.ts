import { escapeText } from '../present/index.js';
import type { AgentShape, ProcessShape } from '../present/index.js';
import type { Explanation } from './explanation.js';
import { table } from './table.js';

/** Of a command line; `-o json` has all of it. */
const MAX_TEXT = 2000;

/** What an operator asks first: what is it, whose is it, and why. Every text is made safe for a terminal here. */
export function explanationText({ process, user, agent, lines }: Explanation): string[] {
  const rows = [...processRows(process, user), ...agentRows(agent)];
  const width = rows.reduce((most, [name]) => Math.max(most, name.length), 0);
  const said = lines.map(({ kind, what, matched, why }) => [
    matched ? 'matched' : 'no',
    kind,
    what,
    why,
  ]);
  return [
    ...rows.map(([name, text]) => `${name.padEnd(width)}  ${escapeText(clip(text))}`.trimEnd()),
    ...(said.length === 0 ? [] : ['', ...table(['', 'KIND', 'WHICH', 'WHY'], said)]),
  ];
}

type Row = readonly [name: string, text: string];

const clip = (text: string): string =>
  text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;

function processRows(process: ProcessShape, user: string | null): Row[] {
  const { pid, ns_pid: inside, ppid, exe, program, argv, cwd, uid, chain } = process;
  const rows: readonly (Row | null)[] = [
    ['process', `${pid}${inside === undefined ? '' : ` (${inside} inside)`}, child of ${ppid}`],
    ['exe', exe],
    program === undefined ? null : ['program', program],
    ['arguments', argv.map(argument).join(' ') + (process.argv_truncated ? ' …' : '')],
    ['user', user === null ? `${uid}` : `${user} (${uid})`],
    ['directory', cwd],
    process.container === undefined ? null : ['container', containerText(process)],
    ...column(
      'chain',
      chain.map(({ pid: above, exe: image }) => `${above} ${image}`),
    ),
  ];
  return rows.filter((row) => row !== null);
}

/** Arguments that hold a blank are quoted, so that one does not look like two. */
const argument = (text: string): string => (/^[^\s']+$/.test(text) ? text : `'${text}'`);

const containerText = (process: ProcessShape): string =>
  [
    process.container,
    process.container_runtime,
    process.image && `image ${process.image}`,
    process.pod_uid && `pod ${process.pod_uid}`,
  ]
    .filter(Boolean)
    .join(', ');

function agentRows(agent: AgentShape | null): Row[] {
  if (agent === null) return [['agent', 'none: it belongs to no agent']];
  const { id, name, session, assurance, evidence = [], under } = agent;
  return [
    ['agent', `${id} (${name}), ${assurance}`],
    ['session', session],
    ...(under === undefined ? [] : underRows(under)),
    ...column('because', evidence),
  ];
}

function underRows({ parent, root, depth, handed_off }: NonNullable<AgentShape['under']>): Row[] {
  const how = handed_off ? 'suspected: somebody else ran it when that agent had asked' : '';
  const by: Row = [
    'started by',
    [`${parent.id}, session ${parent.session}`, how].filter(Boolean).join(', '),
  ];
  return depth < 2 ? [by] : [by, ['at the top', `${root.id}, session ${root.session}`]];
}

const column = (name: string, texts: readonly string[]): Row[] =>
  texts.map((text, at) => [at === 0 ? name : '', text]);
