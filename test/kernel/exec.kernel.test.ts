import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename } from 'node:path';
import t from 'tap';
import type { KernelEvent } from '../../src/event/index.js';
import { runCommand, runForJson, type Command } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { whyNoKernel } from '../helpers/environment.js';
import { strangerOf, watchKernel } from '../helpers/kernel.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';

const ARGV_MAX = 4096;

t.test(
  'exec: file, arguments, directory and parent as they were',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const [storm, noop] = [compileTrigger('exec-storm'), compileTrigger('noop')];
    const watch = watchKernel(t, [noop, storm]);
    const cwd = realpathSync(scratchDirectory(t));
    const odd = ['', 'two words', '\u001b[2J', 'ünïcode', '--x=\n'];
    const long = 'L'.repeat(3 * ARGV_MAX);
    const first = await runCommand(t, [noop, ...odd], { cwd });
    const second = await runCommand(t, [noop, long], { cwd: '/' });
    const [nested] = await runForJson<{ pid: number; children: number[] }>(t, [
      storm,
      noop,
      '--count',
      '5',
    ]);
    const other = await runCommand(t, [strangerOf(t, noop), 'x']);
    await Promise.all([first, second, nested].map((one) => watch.ended(one?.pid ?? 0)));
    watch.stop();

    const { ino } = statSync(noop);
    const [exec, ...more] = watch.of('exec', first.pid);
    t.same(more, [], 'once');
    t.match(exec, {
      path: noop,
      pathTruncated: false,
      cwd,
      cwdTruncated: false,
      argv: [noop, ...odd],
      argvTruncated: false,
      uid: process.getuid?.(),
      gid: process.getgid?.(),
      nlink: 1,
      asksVerdict: true,
      parent: { tgid: process.pid },
      file: { inode: BigInt(ino) },
      root: { tgid: first.pid },
    });

    const [cut] = watch.of('exec', second.pid);
    t.equal(cut?.cwd, '/');
    t.equal(cut?.argvTruncated, true, 'a long command line is cut, and says so');
    t.equal(cut?.argvBytes, noop.length + 1 + long.length + 1, 'its whole length is known');
    t.ok(
      `${noop}\0${long}`.startsWith(cut?.argv.join('\0') ?? '?'),
      'what was kept is its beginning',
    );
    t.ok((cut?.argv.join('\0').length ?? 0) > ARGV_MAX - 8, 'and is as much as fits');

    for (const pid of nested?.children ?? []) {
      const [child] = watch.of('exec', pid);
      t.match(child, { path: noop, parent: { tgid: nested?.pid }, root: { tgid: nested?.pid } });
      t.equal(child?.asksVerdict, false, `${basename(noop)} in a lineage asks nobody`);
    }
    t.same(watch.about(other.pid), [], 'a stranger gives nothing');
  },
);

t.test(
  'exec: what stands at descriptor 0, and the pid where the process lives',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const noop = compileTrigger('noop');
    const watch = watchKernel(t, [noop]);
    const file = openSync(noop, 'r');
    t.teardown(() => {
      closeSync(file);
    });
    const modeOf = async (command: Command, stdin: 'ignore' | 'pipe' | number): Promise<number> => {
      const { pid } = await runCommand(t, command, { stdio: [stdin, 'ignore', 'ignore'] });
      await watch.ended(pid);
      return watch.of('exec', pid).at(-1)?.stdinMode ?? -1;
    };
    const { S_IFMT, S_IFCHR, S_IFIFO } = constants;
    t.equal((await modeOf([noop], 'ignore')) & S_IFMT, S_IFCHR, '/dev/null');
    t.equal(await modeOf([noop], file), fstatSync(file).mode, 'a file, with its permissions');
    const piped = await modeOf(['bash', '-c', 'exec "$0" < <(:)', noop], 'ignore');
    t.equal(piped & S_IFMT, S_IFIFO, 'a pipe');
    t.equal(await modeOf(['sh', '-c', 'exec "$0" <&-', noop], 'ignore'), 0, 'closed');

    const inside = await runCommand(t, ['unshare', '--pid', '--fork', noop, 'inside']);
    await waitFor('the exec', () => watch.events.some((event) => isInside(event)));
    watch.stop();
    t.equal(inside.code, 0);
    const execs = watch.events.filter((event) => event.kind === 'exec');
    const exec = execs.find(isInside);
    const here = /\[(\d+)\]/.exec(readlinkSync('/proc/self/ns/pid'))?.[1];
    t.equal(exec?.nsPid, 1, 'the first of its namespace');
    t.not(exec?.key.tgid, 1);
    t.not(String(exec?.pidNamespace), here);
    const outside = execs.find((exec) => !isInside(exec));
    t.match(outside, { pidNamespace: Number(here), nsPid: outside?.key.tgid });
  },
);

const isInside = (event: KernelEvent): boolean =>
  event.kind === 'exec' && event.argv.at(-1) === 'inside';

t.test(
  'exec: a file that was rewritten in place is another content',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const path = strangerOf(t, compileTrigger('noop'));
    const watch = watchKernel(t, [path]);
    const run = async () => {
      const { pid } = await runCommand(t, [path]);
      await watch.ended(pid);
      const { ctimeNs, size, ino } = statSync(path, { bigint: true });
      const file = watch.of('exec', pid)[0]?.file;
      t.match(file, { inode: ino, changedNs: ctimeNs, size }, 'as stat(2) says');
      return file;
    };
    const before = await run();
    const again = await run();
    t.same(again, before, 'the same file is the same');
    const { atime, mtime } = statSync(path);
    writeFileSync(path, readFileSync(path));
    utimesSync(path, atime, mtime);
    const after = await run();
    t.equal(after?.inode, before?.inode);
    t.ok((after?.changedNs ?? 0n) > (before?.changedNs ?? 0n), 'whatever its times were set to');
    watch.stop();
  },
);
