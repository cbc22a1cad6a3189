import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Resolutions } from '../../../src/daemon/resolutions.js';
import type { Resolution } from '../../../src/resolve/index.js';

const claude: Resolution = {
  ok: true,
  machine: 'x86-64',
  buildId: null,
  found: [
    {
      library: 'boringssl',
      by: 'anchors',
      sites: [{ call: 'write', entry: 4096, returns: [] }],
    },
    { library: 'ring', refused: 'two places look alike' },
  ],
};
const text: Resolution = { ok: false, reason: 'not_elf' };

t.test('what large files hold is known after a restart', async (t) => {
  const dir = t.testdir({});
  const before = new Resolutions(dir);
  t.same(before.known, []);
  before.keep('1:2:3:4', claude);
  before.keep('1:5:3:4', text);
  t.same(new Resolutions(dir).known, [
    ['1:2:3:4', claude],
    ['1:5:3:4', text],
  ]);
  t.equal(statSync(join(dir, 'resolved-files')).mode & 0o777, 0o600);
});

t.test('answers of other code are not believed', async (t) => {
  const dir = t.testdir({});
  new Resolutions(dir, 'one').keep('1:2:3:4', claude);
  t.same(new Resolutions(dir, 'two').known, []);
});

t.test('what is no answer is as if there were none', async (t) => {
  const dir = t.testdir({});
  const path = join(dir, 'resolved-files');
  for (const line of ['{', '["x"]', '[1,{"ok":false,"reason":"y"}]', '["x",{"ok":true}]', 'null']) {
    new Resolutions(dir, 'b').keep('1:2:3:4', claude);
    appendFileSync(path, `${line}\n`);
    t.same(new Resolutions(dir, 'b').known, [], line);
    writeFileSync(path, '');
  }
  writeFileSync(path, Buffer.alloc(2 << 20, 'b'));
  t.same(new Resolutions(dir, 'b').known, []);
});

t.test('no more than 256 are kept, and a full disk is no matter', async (t) => {
  const dir = t.testdir({});
  const many = new Resolutions(dir, 'b');
  for (let i = 0; i < 300; i += 1) many.keep(`${i}`, text);
  t.equal(many.known.length, 256);
  t.equal(many.known[0]?.[0], '44');
  t.equal(readFileSync(join(dir, 'resolved-files'), 'utf8').split('\n').length, 258);
  const nowhere = new Resolutions(join(dir, 'no', 'such', 'place'), 'b');
  nowhere.keep('x', text);
  t.equal(nowhere.known.length, 1);
});
