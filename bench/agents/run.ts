import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeMachine } from '../machine.js';
import { Ends } from '../owner.js';
import { markdown } from '../table.js';
import { REAL_AGENTS } from './catalogue.js';
import { install } from './install.js';
import { judge, type Verdict } from './judge.js';
import { tryAgent, type Trial } from './trial.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    install: { type: 'boolean', default: false },
    records: { type: 'string' },
    'show-output': { type: 'boolean', default: false },
  },
});
const unknown = positionals.filter((name) => !REAL_AGENTS.some((agent) => agent.name === name));
if (unknown.length > 0) {
  const known = REAL_AGENTS.map(({ name }) => name).join(', ');
  console.error(`scripts/test-agents: ${unknown.join(', ')}: not one of ${known}`);
  process.exit(64);
}
const wanted = REAL_AGENTS.filter(
  ({ name }) => positionals.length === 0 || positionals.includes(name),
);
const commands = wanted.map((agent) => install(agent));
if (values.install) process.exit(0);

const verdicts: Verdict[] = [];
for (const [index, agent] of wanted.entries()) {
  console.error(`test-agents: ${agent.name} ${agent.version}`);
  const ends = new Ends();
  try {
    const trial = await tryAgent(ends, agent, commands[index] ?? '');
    const verdict = judge(trial);
    keep(trial);
    explain(trial, verdict);
    verdicts.push(verdict);
  } finally {
    await ends.all();
  }
}
console.log(`${describeMachine()}\n`);
console.log(table(verdicts));
process.exitCode = verdicts.every(({ wrong }) => wrong.length === 0) ? 0 : 1;

function keep({ records }: Trial): void {
  if (values.records === undefined) return;
  appendFileSync(values.records, records.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

function explain({ ended, heard }: Trial, { name, wrong }: Verdict): void {
  for (const text of wrong) console.error(`test-agents: ${name}: ${text}`);
  if (wrong.length === 0 && !values['show-output']) return;
  console.error(`test-agents: ${name} ended with ${ended.code ?? ended.signal ?? ''}`);
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
        row.name,
        row.version,
        row.recognised.join(', ') || '-',
        row.assurances.join(', ') || '-',
      ],
      ...[String(row.sessions.length), row.toolRan ? row.tools.join(', ') : 'not made'],
      ...[`${row.attributed} of ${row.children}`, String(row.notAttributed.length)],
      counted(row.findings.map(({ finding }) => finding?.rule ?? '')),
    ]),
  );
}

/** Each once, with how often it is there. */
function counted(rules: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const rule of rules) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  return [...counts].map(([rule, count]) => `\`${rule}\` x ${count}`).join(', ') || 'none';
}
