#!/usr/bin/env node
// The page docs/results/evasion.md out of the results of test/evasion, a JSON object a line:
//   EVASION_RESULTS=/tmp/evasion.jsonl scripts/test evasion
//   scripts/evasion-table.mjs /tmp/evasion.jsonl > docs/results/evasion.md
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';

const results = readFileSync(process.argv[2], 'utf8').trim().split('\n').map(JSON.parse);
const twins = new Map(results.filter(({ twin }) => twin).map((result) => [result.name, result]));
const evasions = results.filter(({ twin }) => !twin);
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();
const changed = git('status', '--porcelain') === '' ? '' : ' with changes';
const count = (outcome) => evasions.filter((result) => result.outcome === outcome).length;

function row({ id, name, what, outcome, by }) {
  const twin = twins.get(`${name}-twin`);
  const told = twin === undefined ? '|' : `${twin.what} | ${twin.outcome}`;
  return `| ${id} | ${what} | ${outcome} | ${by.map((one) => `\`${one}\``).join(', ')} | ${told} |`;
}

console.log(`# Evasion

Written by \`scripts/evasion-table.mjs\` from a run of \`test/evasion\`. Every case is done by an agent that a rule names, with the real
daemon; what has to be said, and may not be, stands in its \`expect.yaml\`. Each ends in one of: *Detected*, there is a finding;
*Observed*, the records say whose it is and what it was; *Unmeasured*, it cannot be seen, and why; *silent* fails the run. A benign
twin does something that looks alike: it has to be observed, and accused of nothing.

${new Date().toISOString().slice(0, 10)} · commit ${git('rev-parse', '--short', 'HEAD')}${changed} · Linux ${release()}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}.

${count('Detected')} detected, ${count('Observed')} observed, ${count('Unmeasured')} unmeasured, ${count('silent')} silent; ${
  [...twins.values()].filter(({ outcome }) => outcome === 'quiet').length
} of ${twins.size} twins quiet.

| case | what the agent does | outcome | by | benign twin | the twin |
|---|---|---|---|---|---|
${evasions
  .sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }) || a.name.localeCompare(b.name))
  .map(row)
  .join('\n')}`);
