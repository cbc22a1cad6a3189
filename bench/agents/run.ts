import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeMachine } from '../machine.js';
import { Ends } from '../owner.js';
import { counted, markdown } from '../table.js';
import { REAL_AGENTS, type RealAgent } from './catalogue.js';
import { install } from './install.js';
import { judge, type Verdict } from './judge.js';
import { tryAgent, type Trial } from './trial.js';
import { runOverTls } from './tls-run.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    install: { type: 'boolean', default: false },
    tls: { type: 'boolean', default: false },
    records: { type: 'string' },
    'show-output': { type: 'boolean', default: false },
  },
});
/** An agent within another one, one within its own kind, and a script within a program. */
const PAIRS = ['claude-code+codex', 'codex+codex', 'opencode+gemini-cli'];
const wanted =
  positionals.length > 0 ? positionals : [...REAL_AGENTS.map(({ name }) => name), ...PAIRS];
const trials = wanted.map((text) => text.split('+').map(find));
const installed = new Map(
  [...new Set(trials.flat())].map((agent) => [agent, { agent, command: install(agent) }]),
);
if (values.install) process.exit(0);
if (values.tls) {
  await runOverTls([...installed.values()]);
  process.exit();
}

const verdicts: Verdict[] = [];
for (const [index, agents] of trials.entries()) {
  console.error(`test-agents: ${wanted[index] ?? ''}`);
  const [outer, inner = null] = agents.flatMap((agent) => installed.get(agent) ?? []);
  if (outer === undefined) continue;
  const ends = new Ends();
  try {
    const trial = await tryAgent(ends, outer, inner);
    const judged = trial.parts.map((part) => judge(trial, part));
    keep(trial);
    explain(trial, judged);
    verdicts.push(...judged);
  } finally {
    await ends.all();
  }
}
console.log(`${describeMachine()}\n`);
console.log(table(verdicts));
process.exitCode = verdicts.every(({ wrong }) => wrong.length === 0) ? 0 : 1;

function find(name: string): RealAgent {
  const agent = REAL_AGENTS.find((one) => one.name === name);
  if (agent !== undefined) return agent;
  const known = REAL_AGENTS.map((one) => one.name).join(', ');
  console.error(`scripts/test-agents: ${name}: not one of ${known}`);
  process.exit(64);
}

function keep({ records }: Trial): void {
  if (values.records === undefined) return;
  appendFileSync(values.records, records.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

function explain({ ended, heard }: Trial, judged: readonly Verdict[]): void {
  const wrong = judged.flatMap((one) => one.wrong.map((text) => `${one.title}: ${text}`));
  for (const text of wrong) console.error(`test-agents: ${text}`);
  if (wrong.length === 0 && !values['show-output']) return;
  console.error(`test-agents: ended with ${ended.code ?? ended.signal ?? ''}`);
  for (const { method, path, said } of heard)
    console.error(`  ${method} ${path} -> ${said ?? '-'}`);
  console.error(`${ended.stdout.slice(-2000)}\n${ended.stderr.slice(-2000)}`);
}

function table(rows: readonly Verdict[]): string {
  const head =
    'agent,version,recognised as,assurance,sessions,tool call,children attributed,not attributed,findings';
  return markdown(
    head.split(','),
    rows.map((row) => [
      ...[
        row.title,
        row.version,
        row.recognised.join(', ') || '-',
        row.assurances.join(', ') || '-',
      ],
      ...[String(row.sessions.length), row.toolRan ? row.tools.join(', ') || '-' : 'not made'],
      ...[`${row.attributed} of ${row.children}`, String(row.notAttributed.length)],
      counted(row.findings.map(({ finding }) => finding?.rule ?? '')),
    ]),
  );
}
