import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import type { ProcessKey } from '../../../src/event/index.js';
import { isDeleted } from '../../../src/host/deleted.js';
import { openHost } from '../../../src/host/index.js';
import { scratchDirectory } from '../../helpers/scratch.js';

const host = openHost();
const isRoot = process.geteuid?.() === 0;

const keyOf = (pid: number): ProcessKey => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return { tgid: pid, startNs: BigInt(ticks) * 10_000_000n };
};

/** A copy of cat that runs; `gone`: what the host says of its file, asked by the path of its exec. */
const start = async (t: Test) => {
  const file = join(scratchDirectory(t), 'app', 'tool');
  mkdirSync(dirname(file));
  copyFileSync('/bin/cat', file);
  chmodSync(file, 0o755);
  const child = spawn(file, [], { stdio: ['pipe', 'pipe', 'ignore'] });
  t.teardown(() => child.kill('SIGKILL'));
  child.stdin.write('up\n');
  await once(child.stdout, 'data');
  const key = keyOf(child.pid ?? 0);
  const gone = (ranAt = file): unknown => {
    const fact = host.processFact(key, [], ranAt);
    return fact.fact === 'process' && fact.exeGone;
  };
  return { child, key, file, gone };
};

t.test('a file that was removed is gone, one that has a name is not', async (t) => {
  const { key, file, gone } = await start(t);
  t.equal(gone(), false);
  t.notOk('exeGone' in host.processFact(key, []), 'nobody asked');
  linkSync(file, `${file}.2`);
  rmSync(file);
  t.equal(gone(), false, 'it has another name');
  rmSync(`${file}.2`);
  t.equal(gone(), true);
  t.match(host.processFact(key, [], file), { exe: file });
});

t.test('an upgrade puts a file in its place', async (t) => {
  const fresh = (file: string): void => {
    writeFileSync(file, 'new');
  };
  const ways: Record<string, (file: string) => void> = {
    'rename over it (dpkg)': (file) => {
      fresh(`${file}.new`);
      renameSync(`${file}.new`, file);
    },
    'unlink and create (install, tar)': (file) => {
      rmSync(file);
      fresh(file);
    },
    'the whole directory moved away, and removed (npm)': (file) => {
      renameSync(dirname(file), `${dirname(file)}-old`);
      mkdirSync(dirname(file));
      fresh(file);
      rmSync(`${dirname(file)}-old`, { recursive: true });
    },
    'a link to the new version': (file) => {
      rmSync(file);
      fresh(`${file}-2`);
      symlinkSync('tool-2', file);
    },
  };
  for (const [way, upgrade] of Object.entries(ways)) {
    const { file, gone } = await start(t);
    upgrade(file);
    t.equal(gone(), false, way);
  }
});

t.test('what is no file does not take its place', async (t) => {
  const { file, gone } = await start(t);
  rmSync(file);
  symlinkSync('absent', file);
  t.equal(gone(), true, 'a link to nowhere');
  rmSync(file);
  symlinkSync('tool', file);
  t.equal(gone(), true, 'a link to itself');
  rmSync(file);
  mkdirSync(file);
  t.equal(gone(), true, 'a directory');
  rmSync(dirname(file), { recursive: true });
  writeFileSync(dirname(file), '');
  t.equal(gone(), true, 'a file in place of its directory');
});

t.test('what cannot be looked into counts as standing there', async (t) => {
  const { child, key, file, gone } = await start(t);
  rmSync(file);
  t.equal(gone(`/${'a'.repeat(300)}`), false, 'ENAMETOOLONG');
  t.equal(gone('/a\0b'), false, 'no path at all');
  t.equal(gone(`/${'./'.repeat(2000)}x`), false, 'longer than is followed');
  child.kill('SIGKILL');
  await once(child, 'exit');
  t.equal(isDeleted(key.tgid, [file]), false, 'a process that is gone');
});

/** Where python3 really is, and what its copy needs to run from anywhere. */
const PYTHON = JSON.parse(
  execFileSync('python3', [
    '-c',
    'import json, os, sys; print(json.dumps({"file": os.path.realpath(sys.executable), "home": sys.base_prefix}))',
  ]).toString(),
) as { readonly file: string; readonly home: string };
const asPython = { ...process.env, PYTHONHOME: PYTHON.home };

/** In a mount namespace of its own, from a tmpfs that nobody else sees; then, with `chroot`, that is its root. */
const IN_NAMESPACE = `set -eu
mount -t tmpfs none "$1"
cp "$3" "$1/tool"
exec "$1/tool" -c 'import os, sys
root, way = sys.argv[1:]
if way == "chroot": os.chroot(root)
inside = "/" if way == "chroot" else root + "/"
for line in sys.stdin:
    if line == "remove\\n": os.unlink(inside + "tool")
    if line == "replace\\n": open(inside + "tool", "w").close()
    # One write, also where Python does not buffer.
    sys.stdout.write("done\\n")
    sys.stdout.flush()' "$1" "$2"`;

t.test('its place is looked for where the process is', { skip: !isRoot }, async (t) => {
  for (const way of ['chroot', 'no chroot']) {
    const root = scratchDirectory(t);
    const command = ['-m', 'sh', '-c', IN_NAMESPACE, 'sh', root, way, PYTHON.file];
    const child = spawn('unshare', command, { stdio: ['pipe', 'pipe', 'inherit'], env: asPython });
    t.teardown(() => child.kill('SIGKILL'));
    const pid = child.pid ?? 0;
    const after = async (what: string): Promise<boolean> => {
      child.stdin.write(`${what}\n`);
      await once(child.stdout, 'data');
      return isDeleted(pid, [join(root, 'tool')]);
    };
    t.equal(await after('nothing'), false, way);
    t.equal(await after('remove'), true, way);
    t.equal(await after('replace'), false, way);
  }
});

t.test('who changed its root has its file outside', { skip: !isRoot }, async (t) => {
  const file = join(scratchDirectory(t), 'tool');
  copyFileSync(PYTHON.file, file);
  const script = `import os, sys
os.chroot(${JSON.stringify(scratchDirectory(t))}); print('up', flush=True); sys.stdin.read()`;
  const child = spawn(file, ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'], env: asPython });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  rmSync(file);
  t.equal(isDeleted(child.pid ?? 0, [file]), true);
  writeFileSync(file, '');
  t.equal(isDeleted(child.pid ?? 0, [file]), false);
});
