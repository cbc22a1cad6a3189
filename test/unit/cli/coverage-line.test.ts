import t from 'tap';
import { coverageLines } from '../../../src/cli/index.js';
import { coverageTable } from '../../../src/cli/coverage.js';
import { MAX_COVERAGE_LINES } from '../../../src/cli/coverage-line.js';
import { agent, process } from '../../fixtures/golden/values.js';

const read = {
  state: 'plaintext',
  library: 'openssl',
  reason: 'attached',
  path: process.exe,
} as const;
const blind = { state: 'blind', library: '', reason: 'no_known_stack' } as const;

t.test('a line for each stack, what is not read first', async (t) => {
  const lines = coverageLines([
    { agent, process, coverage: read },
    { agent, process, coverage: blind },
  ]);
  t.match(lines, [
    { state: 'blind', library: '', path: '', startNs: '9007199254740993' },
    { state: 'plaintext', library: 'openssl', path: '/usr/bin/curl' },
  ]);
  t.same(JSON.parse(JSON.stringify(lines)), lines, 'it goes over the socket as it is');
  const [head, first, second] = coverageTable(lines);
  t.match(head, /^AGENT +PID +PROGRAM +COVERAGE +LIBRARY +REASON/);
  t.match(first, /blind +- +no_known_stack$/);
  t.match(second, /plaintext +openssl +attached$/, 'its own program is not said twice');
  t.same(coverageTable([]), ['no agent that runs was seen to use TLS']);
});

t.test('neither a path nor a reason gives a secret away', async (t) => {
  const secret = 'sk-ant-Zq7hunterXw';
  const coverage = { ...blind, path: `/tmp/${secret}`, reason: `unreadable: /tmp/${secret}: x` };
  t.notOk(JSON.stringify(coverageLines([{ agent, process, coverage }])).includes('hunter'));
});

t.test('however many there are, an answer stays small', async (t) => {
  const coverage = { ...blind, path: `/${'x'.repeat(4000)}` };
  const lines = coverageLines(Array.from({ length: 9000 }, () => ({ agent, process, coverage })));
  t.equal(lines.length, MAX_COVERAGE_LINES);
  t.ok(JSON.stringify(lines).length < 16 * 1024 * 1024);
});
