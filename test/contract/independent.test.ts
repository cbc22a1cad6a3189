import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { listSegments } from '../../src/journal/index.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { SignedNode } from '../helpers/signed-node.js';

const VERIFIER = 'test/independent/verify.py';
const MODULES = ['base64', 'functools', 'glob', 'hashlib', 'os', 're', 'struct', 'sys'];

async function goodNode(t: Test): Promise<SignedNode> {
  const node = new SignedNode(scratchDirectory(t), { segmentBytes: 16_384 });
  await node.epoch(async (epoch) => {
    await epoch.records(300);
    await epoch.cosigned();
    await epoch.stop();
  });
  return node;
}

function run(...args: string[]): { code: number | null; out: string } {
  const { status, stdout } = spawnSync('python3', ['-B', VERIFIER, ...args], { encoding: 'utf8' });
  return { code: status, out: stdout };
}

t.test('the independent verifier is short and needs nothing but Python', async (t) => {
  const text = readFileSync(VERIFIER, 'utf8');
  t.ok(text.split('\n').length - 1 <= 200);
  t.ok(text.split('\n').every((line) => line.length <= 120));
  const imports = [...text.matchAll(/^\s*(?:import|from) (.*)$/gm)].map(([, names]) => names);
  t.same(imports, [MODULES.join(', ')]);
});

t.test('it finds a good journal intact, with each key it is given', async (t) => {
  const node = await goodNode(t);
  t.same(run(node.stateDir), { code: 0, out: 'intact\n' });
  t.same(run(node.stateDir, node.vkey, node.cosigner), { code: 0, out: 'intact\n' });
  const other = new SignedNode(scratchDirectory(t));
  t.equal(run(node.stateDir, other.vkey).code, 1);
  t.equal(run(node.stateDir, node.vkey, other.cosigner).code, 1);
});

t.test('it tells tampered, incomplete and unreadable apart', async (t) => {
  const changed = await goodNode(t);
  const [first, second, ...rest] = listSegments(changed.journalDir);
  const file = join(changed.journalDir, second?.name ?? '');
  const bytes = readFileSync(file);
  bytes[5000] = (bytes[5000] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  t.match(run(changed.stateDir), { code: 1, out: new RegExp(`tampered\n.*${second?.name}`) });
  const short = await goodNode(t);
  rmSync(join(short.journalDir, first?.name ?? ''));
  t.match(run(short.stateDir), { code: 2, out: /incomplete\n/ });
  const cut = await goodNode(t);
  truncateSync(join(cut.journalDir, rest.at(-1)?.name ?? ''), 700);
  t.equal(run(cut.stateDir).code, 1);
  t.match(run('/nonexistent'), { code: 3, out: /unreadable/ });
});
