#!/usr/bin/env node
// The table of test/matrix out of its results, a JSON object a line:
//   MATRIX_RESULTS=/tmp/matrix.jsonl scripts/test matrix
//   scripts/matrix-table.mjs /tmp/matrix.jsonl > docs/results/matrix.md
//   scripts/matrix-table.mjs /tmp/matrix.jsonl --readme      also puts it between the marks of README.md
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';

const [BEGIN, END] = ['<!-- matrix: scripts/matrix-table.mjs -->', '<!-- /matrix -->'];
const [file, option] = process.argv.slice(2);
const rows = readFileSync(file, 'utf8').trim().split('\n').map(JSON.parse);
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();
const changed = git('status', '--porcelain') === '' ? '' : ' with changes';
const count = (outcome) => rows.filter((row) => row.outcome === outcome).length;

/** Clients that differ in their HTTP alone share a row in the short form. */
function short() {
  const clients = new Map();
  for (const row of rows.filter(({ outcome }) => outcome !== 'not run')) {
    const key = [row.name, row.version, row.stack, row.outcome].join('|');
    clients.set(key, { ...row, http: [...(clients.get(key)?.http ?? []), row.http] });
  }
  const lines = [...clients.values()].map(
    ({ name, version, stack, http, outcome }) =>
      `| ${name} ${version} | ${stack} | ${http.join(', ')} | ${said(outcome)} |`,
  );
  return ['| client | TLS | HTTP | result |', '|---|---|---|---|', ...lines].join('\n');
}

const said = (outcome) =>
  ({ plaintext: 'read', opaque: '`coverage.opaque_tls`', silent: '**silent**' })[outcome];

const long = ({ name, version, stack, http, outcome, sent, received, why }) =>
  `| ${name} | ${version} | ${stack} | ${http} | ${outcome} | ${sent} | ${received} | ${why} |`;

if (option === '--readme') {
  const readme = readFileSync('README.md', 'utf8');
  const [from, to] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (from < 0 || to < from) {
    console.error(`matrix-table: README.md has no ${BEGIN} with an ${END} behind it`);
    process.exit(1);
  }
  const table = `${BEGIN}\n\n${short()}\n\n`;
  writeFileSync('README.md', readme.slice(0, from) + table + readme.slice(to));
}
console.log(`# Clients and their TLS

Written by \`scripts/matrix-table.mjs\` from a run of \`test/matrix\`. Every client is run for real, as a process of an agent, against a TLS server
of our own that keeps what it sent and received. *plaintext*: every captured byte of both directions, from the first one on, is what the
server saw, on the flow whose port the server saw, with a nonce in the request and one in the answer; and nothing says it was opaque.
*opaque*: exactly one \`coverage.opaque_tls\` with the right name. Anything else is *silent*, and fails the run.

${new Date().toISOString().slice(0, 10)} · commit ${git('rev-parse', '--short', 'HEAD')}${changed} · Linux ${release()}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}.

${count('plaintext')} plaintext, ${count('opaque')} opaque, ${count('silent')} silent, ${count('not run')} not run.

| client | version | TLS | HTTP | outcome | bytes to the server | bytes to the client | |
|---|---|---|---|---|---|---|---|
${rows.map(long).join('\n')}`);
