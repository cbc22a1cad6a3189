import { realpathSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import t from 'tap';
import { runCommand, runForJson } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { whyNoKernel } from '../helpers/environment.js';
import { strangerOf, watchKernel } from '../helpers/kernel.js';
import { scratchDirectory } from '../helpers/scratch.js';

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
