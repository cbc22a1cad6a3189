import { spawn, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { ImageFact, ImageId, ProcessKey } from '../../../src/event/index.js';
import { Images } from '../../../src/host/image.js';
import { imageIdOf } from '../../../src/host/file-identity.js';
import { startTicks } from '../../../src/host/procfs.js';
import { buildElf, type ElfPlan } from '../elf/build-elf.js';

const NOBODY: ProcessKey = { tgid: 4_194_305, startNs: 1n };
const idOf = (path: string): ImageId => imageIdOf(statSync(path, { bigint: true }));
const ask = (
  images: Images,
  path: string,
  more: Partial<{ image: ImageId; through: ProcessKey; sha256: boolean; path: string }> = {},
): ImageFact =>
  images.fact({
    do: 'look_up_image',
    image: more.image ?? idOf(path),
    path: more.path ?? path,
    through: more.through ?? NOBODY,
    sha256: more.sha256 ?? false,
  });

const write = (path: string, plan: ElfPlan): string => {
  writeFileSync(path, buildElf(plan), { mode: 0o755 });
  return path;
};
const PYTHON: ElfPlan = {
  functions: ['Py_BytesMain', 'Py_RunMain', 'main'],
  hash: 'gnu',
  sections: null,
  buildId: 'aa01',
};
const PLAIN: ElfPlan = { functions: ['main'], hash: 'gnu', sections: null, buildId: 'bb02' };

t.test('the programs of this machine are what they are, under any name', (t) => {
  const dir = t.testdir({});
  const images = new Images();
  const expected: [string, string][] = [
    [process.execPath, 'node'],
    ['/usr/bin/python3', 'python'],
    ['/usr/bin/perl', 'perl'],
    ['/usr/bin/ruby', 'ruby'],
    ['/usr/bin/bash', 'shell'],
    ['/usr/bin/dash', 'shell'],
    ['/usr/bin/busybox', 'busybox'],
    ['/lib64/ld-linux-x86-64.so.2', 'loader'],
  ];
  let seen = 0;
  for (const [path, kind] of expected.filter(([one]) => existsSync(one))) {
    t.match(ask(images, path), { gone: false, kind }, path);
    if (kind !== 'loader') t.equal(ask(images, path).twin, null, `${path} is itself`);
    const copy = join(dir, `nginx-${seen}`);
    copyFileSync(path, copy);
    t.match(ask(images, copy), { gone: false, kind }, `a copy of ${path}`);
    if (kind !== 'loader') t.type(ask(images, copy).twin, 'string', `the twin of ${path}`);
    seen += 1;
  }
  t.ok(seen > 2);
  t.match(ask(images, '/usr/bin/cat'), { gone: false, kind: null, twin: null });
  t.end();
});

t.test('only exactly that content is read', (t) => {
  const dir = t.testdir({});
  const path = write(join(dir, 'prog'), PYTHON);
  const id = idOf(path);
  const wrong: ImageId[] = [
    { ...id, dev: id.dev + 1n },
    { ...id, inode: id.inode + 1n },
    { ...id, changedNs: id.changedNs + 1n },
    { ...id, size: id.size + 1n },
  ];
  for (const image of wrong) {
    t.same(ask(new Images(), path, { image }), { fact: 'image', image, gone: true });
  }
  t.match(ask(new Images(), path), { gone: false, buildId: 'aa01', kind: 'python', twin: null });
  const other = join(dir, 'other');
  t.match(ask(new Images(), path, { path: other }), { gone: true }, 'by no other name');
  execFileSync('mkfifo', [other]);
  t.match(ask(new Images(), other), { gone: true }, 'a FIFO does not hold us up');
  t.match(ask(new Images(), '/dev/zero'), { gone: true });
  t.match(ask(new Images(), dir), { gone: true });
  t.match(ask(new Images(), path, { path: 'prog' }), { gone: true }, 'a relative name is none');
  t.end();
});

t.test('a program that was renamed or unlinked is read through its process', async (t) => {
  const dir = t.testdir({});
  const path = join(dir, 'bot');
  copyFileSync('/bin/cat', path);
  chmodSync(path, 0o755);
  const child = spawn(path, [], { stdio: ['pipe', 'pipe', 'ignore'] });
  t.teardown(() => child.kill('SIGKILL'));
  child.stdin.write('up\n');
  await once(child.stdout, 'data');
  const pid = child.pid ?? 0;
  const ticks = startTicks(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? 0n;
  const through = { tgid: pid, startNs: ticks * 10_000_000n };
  renameSync(path, join(dir, 'gone'));
  rmSync(join(dir, 'gone'));
  const image = imageIdOf(statSync(`/proc/${pid}/exe`, { bigint: true }));
  const sha256 = createHash('sha256').update(readFileSync('/bin/cat')).digest('hex');
  t.match(ask(new Images(), path, { image, through, sha256: true }), { gone: false, sha256 });
});

t.test('a twin is another name of the same content, and an appended program is none', (t) => {
  const dir = t.testdir({});
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  write(join(bin, 'bun'), PLAIN);
  symlinkSync('bun', join(bin, 'bunx'));
  write(join(bin, 'cat'), { ...PLAIN, buildId: 'cc03' });
  const images = new Images([bin, join(dir, 'absent')]);
  const copy = write(join(dir, 'nginx'), PLAIN);
  t.match(ask(images, copy), { kind: 'bun', twin: join(bin, 'bun') });
  t.match(ask(images, join(bin, 'bun')), { kind: 'bun', twin: null });
  linkSync(join(bin, 'bun'), join(dir, 'hard'));
  t.match(ask(images, join(dir, 'hard')), { kind: 'bun', twin: join(bin, 'bun') });
  const named = join(dir, 'bunx');
  copyFileSync(copy, named);
  t.match(ask(images, named), { kind: 'bun', twin: null }, 'a link of the other has that name');
  appendFileSync(copy, 'a compiled program');
  t.match(ask(images, copy), { buildId: 'bb02', kind: null, twin: null }, 'bun build --compile');
  const other = write(join(dir, 'tool'), { ...PLAIN, buildId: 'cc03' });
  t.match(ask(images, other), { kind: null, twin: null }, 'only interpreters and agents are known');

  write(join(bin, 'claude'), { ...PLAIN, buildId: 'dd04' });
  const renamed = write(join(dir, 'sshd'), { ...PLAIN, buildId: 'dd04' });
  t.match(ask(images, renamed), { kind: null, twin: join(bin, 'claude') }, 'installed meanwhile');
  t.end();
});

t.test('what only embeds an interpreter is none', (t) => {
  const dir = t.testdir({});
  const images = new Images([]);
  const kind = (functions: string[], more: Partial<ElfPlan> = {}): unknown =>
    ask(
      images,
      write(join(dir, `p${Math.max(0, functions.length)}${more.imports?.length ?? 0}`), {
        functions,
        hash: 'gnu',
        sections: null,
        ...more,
      }),
    ).kind;
  t.equal(kind(['napi_create_function', 'main', 'x']), null, 'Electron, Bun');
  t.equal(kind(['Py_Initialize', 'Py_RunMain']), null);
  t.equal(kind(['main'], { imports: ['perl_run', 'perl_alloc'] }), null, 'an embedding server');
  t.equal(kind(['main'], { imports: ['Py_BytesMain'] }), 'python', 'a launcher');
  t.equal(kind(['main'], { imports: ['puts', 'ruby_run_node', 'ruby_options'] }), 'ruby');
  const lua = ['luaL_newstate', 'lua_newuserdatauv', 'a', 'b', 'c'];
  t.equal(kind(lua), 'lua');
  const large = join(dir, 'redis-server');
  write(large, { functions: lua, hash: 'gnu', sections: null });
  truncateSync(large, 2 * 1024 * 1024);
  t.equal(ask(images, large).kind, null, 'a database');
  const sea = write(join(dir, 'app'), PYTHON);
  const file = readFileSync(sea);
  const note = file.indexOf('GNU\0') - 12;
  file.writeUInt32LE('NODE_SEA_BLOB'.length + 1, note);
  file.write('NODE_SEA_BLOB\0', note + 12, 'latin1');
  writeFileSync(sea, file);
  t.match(ask(images, sea), { kind: null, twin: null }, 'a single executable application');
  t.end();
});

t.test('no file makes it throw, and a digest is made only when asked for', (t) => {
  const dir = t.testdir({});
  const images = new Images([]);
  const path = write(join(dir, 'p'), PYTHON);
  t.notOk('sha256' in ask(images, path));
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  t.match(ask(images, path, { sha256: true }), { sha256, kind: 'python' });
  t.notOk('sha256' in ask(images, path), 'known, but nobody asked');
  rmSync(path);
  for (const [name, text] of [
    ['empty', ''],
    ['script', '#!/bin/sh\n'],
    ['cut', readFileSync(process.execPath).subarray(0, 100)],
  ] as const) {
    const odd = join(dir, name);
    writeFileSync(odd, text);
    t.match(ask(images, odd, { sha256: true }), {
      gone: false,
      buildId: '',
      kind: null,
      twin: null,
    });
  }
  const sparse = join(dir, 'sparse');
  writeFileSync(sparse, '\x7fELF');
  truncateSync(sparse, 513 * 1024 * 1024);
  const fact = ask(images, sparse, { sha256: true });
  t.equal(fact.gone, false);
  t.notOk('sha256' in fact, 'larger than 512 MiB');
  t.end();
});
