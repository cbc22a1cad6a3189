import t from 'tap';
import { Lineage, ProcessTable } from '../../../src/process/index.js';
import type { ProcessKey } from '../../../src/event/index.js';
import { baseOf, execEvent, seedEvent } from '../../helpers/events.js';

const key = (tgid: number, startNs = BigInt(tgid)): ProcessKey => ({ tgid, startNs });
const root = key(100);
const fork = (parent: ProcessKey, child: ProcessKey) =>
  ({ kind: 'fork', ...baseOf(parent, root), child }) as const;
const exit = (who: ProcessKey, bootNs = 0n) =>
  ({ kind: 'exit', ...baseOf(who, root, bootNs), waitStatus: 0 }) as const;

t.test('a child is what its parent was until it executes something', (t) => {
  const table = new ProcessTable();
  table.on(execEvent(root, '/opt/agent', { argv: ['agent', 'run'], uid: 7, root }));
  table.on(fork(root, key(101)));
  t.match(table.info(key(101)), {
    pid: 101,
    ppid: 100,
    uid: 7,
    exe: '/opt/agent',
    argv: ['agent', 'run'],
    chain: [{ pid: 100, exe: '/opt/agent' }],
    bootstrap: false,
  });
  table.on(execEvent(key(101), '/bin/sh', { root, parent: key(1) }));
  t.match(table.info(key(101)), { exe: '/bin/sh', ppid: 1 }, 'the parent the kernel names now');
  t.strictSame(table.rootOf(key(101)), root);
  t.end();
});

t.test('lineage follows the caller of fork when the parent is another', (t) => {
  const table = new ProcessTable();
  table.on(execEvent(root, '/opt/agent', { root }));
  table.on(fork(root, key(101)));
  table.on(fork(key(101), key(102)));
  table.on(exit(key(101)));
  table.on(execEvent(key(102), '/usr/bin/curl', { root, parent: key(1, 1n) }));
  t.strictSame(
    table.info(key(102))?.chain.map(({ pid }) => pid),
    [101, 100],
    'after a double fork',
  );
  t.equal(table.info(key(102))?.ppid, 1);
  t.end();
});

t.test('a long chain keeps its near end and its root', (t) => {
  const table = new ProcessTable();
  table.on(execEvent(root, '/opt/agent', { root }));
  for (let pid = 100; pid < 200; pid += 1) table.on(fork(key(pid), key(pid + 1)));
  const chain = table.info(key(200))?.chain ?? [];
  t.equal(chain.length, 32);
  t.equal(chain[0]?.pid, 199);
  t.equal(chain.at(-1)?.pid, 100);
  t.end();
});

t.test('the same pid with another start is another process', (t) => {
  const table = new ProcessTable();
  table.on(execEvent(key(101, 5n), '/bin/old', { root }));
  table.on(execEvent(key(101, 9n), '/bin/new', { root }));
  t.equal(table.info(key(101, 5n))?.exe, '/bin/old');
  t.equal(table.info(key(101, 9n))?.exe, '/bin/new');
  t.equal(table.info(key(101, 7n)), null);
  t.match(table.describe(key(101, 7n)), { pid: 101, exe: '', uid: 0xffff_ffff });
  t.end();
});

t.test('the dead stay for 30 seconds so that late events find them', (t) => {
  const table = new ProcessTable();
  table.on(execEvent(root, '/opt/agent', { root }));
  table.on(exit(root, 10_000_000_000n));
  table.tick(39_999_999_999n);
  t.not(table.info(root), null);
  table.tick(40_000_000_000n);
  t.equal(table.info(root), null);
  t.end();
});

t.test(
  'a full table gives up the longest dead first, then the oldest living, and counts both',
  (t) => {
    const table = new ProcessTable(3);
    for (const pid of [100, 101, 102]) table.on(execEvent(key(pid), '/bin/x', { root }));
    table.on(exit(key(102), 1n));
    table.on(exit(key(101), 2n));
    table.on(execEvent(key(103), '/bin/x', { root }));
    t.equal(table.info(key(102)), null);
    table.on(execEvent(key(104), '/bin/x', { root }));
    t.equal(table.info(key(101)), null);
    table.on(execEvent(key(105), '/bin/x', { root }));
    t.equal(table.info(key(100)), null);
    t.match(table.stats(), { processes: 3, evictedEnded: 2, evictedLive: 1, ended: 0 });
    t.end();
  },
);

t.test('facts complete what the kernel did not say and overwrite nothing', (t) => {
  const table = new ProcessTable();
  const fact = (more: object) => ({ fact: 'process' as const, key: root, gone: false, ...more });
  table.on(execEvent(root, '/deep/bin/agent', { root, pathTruncated: true, cwd: '/home/a' }));
  table.learn(fact({ exe: '/very/deep/bin/agent', cwd: '/other', uid: 5, container: 'c1' }));
  t.match(table.info(root), {
    exe: '/very/deep/bin/agent',
    cwd: '/home/a',
    uid: 1000,
    container: 'c1',
  });
  table.on(execEvent(root, '/bin/next', { root, pathTruncated: true }));
  table.learn(fact({ exe: '/bin/another' }));
  t.equal(table.info(root)?.exe, '/bin/next', 'a fact about another image is not believed');
  table.introduce(key(300));
  table.learn({ ...fact({ exe: '/bin/late', argv: ['late'], uid: 9 }), key: key(300) });
  t.match(table.info(key(300)), { exe: '/bin/late', argv: ['late'], uid: 9 });
  table.learn({ fact: 'process', key: key(300), gone: true });
  t.equal(table.info(key(300))?.exe, '/bin/late');
  t.end();
});

t.test('a process that existed before joins a lineage with its chain', (t) => {
  const table = new ProcessTable();
  table.on(seedEvent(root, key(1)));
  table.on(seedEvent(key(101), root));
  table.adopt(root, root, null);
  table.adopt(key(101), root, root);
  t.match(table.info(key(101)), { bootstrap: true, ppid: 100, chain: [{ pid: 100 }] });
  t.strictSame(table.rootOf(key(101)), root);
  table.forget(key(101));
  t.equal(table.info(key(101)), null);
  t.end();
});

t.test('a lineage lives as long as its last descendant', (t) => {
  const lineage = new Lineage(root);
  lineage.on(fork(root, key(101)));
  lineage.on(exit(root));
  t.equal(lineage.size, 1, 'the root is gone, its child is not');
  lineage.on(execEvent(key(102), '/bin/x', { root }));
  t.strictSame(lineage.members(), [key(101), key(102)], 'a lost fork is made up for by the exec');
  lineage.on(exit(key(101)));
  lineage.gone(key(102));
  t.equal(lineage.size, 0);
  lineage.on(exit(key(102)));
  lineage.on(seedEvent(key(103), root, root));
  t.equal(lineage.has(key(103)), false, 'only fork, exec and adoption make a member');
  t.end();
});

t.test('a lineage without room counts whom it does not track', (t) => {
  const lineage = new Lineage(root);
  for (let tgid = 1000; lineage.overflow === 0; tgid += 1) lineage.adopt(key(tgid));
  t.equal(lineage.size, 65_536);
  t.equal(lineage.overflow, 1);
  lineage.adopt(key(1000));
  t.equal(lineage.overflow, 1, 'whom it has it keeps');
  t.end();
});

t.test('a seed completes what was known by its key, and overwrites no record', (t) => {
  const table = new ProcessTable();
  table.introduce(root);
  table.on(seedEvent(root, key(7)));
  t.equal(table.info(root)?.ppid, 7);
  table.on(execEvent(root, '/opt/agent', { root, parent: key(9), uid: 5 }));
  table.on(seedEvent(root, key(7)));
  t.match(table.info(root), { ppid: 9, uid: 5 });
  t.end();
});

t.test('a process becomes the root of a lineage inside another, with what it forked', (t) => {
  const table = new ProcessTable();
  table.on(execEvent(root, '/opt/agent', { root }));
  for (const [parent, child] of [
    [100, 101],
    [101, 102],
    [100, 103],
  ] as const) {
    table.on(fork(key(parent), key(child)));
  }
  table.on(execEvent(key(101), '/opt/inner', { root }));
  t.strictSame(table.reroot(key(101)), [key(101), key(102)]);
  t.strictSame(table.rootOf(key(102)), key(101));
  t.strictSame(table.rootOf(key(103)), root, 'its sister stays');
  table.on(fork(key(102), key(104)));
  t.strictSame(table.rootOf(key(104)), key(101), 'whatever the kernel still says');
  t.strictSame(table.info(key(102))?.chain.at(-1), { pid: 100, exe: '/opt/agent' });
  t.strictSame(table.reroot(key(999)), [], 'of nobody');
  t.strictSame(table.ofPid(102), [key(102)]);
  t.end();
});

t.test('what led to an image is known up to the root, in one process too', (t) => {
  const table = new ProcessTable();
  const run = (tgid: number, exe: string): void => {
    table.on(execEvent(key(tgid), exe, { root, argv: [exe] }));
  };
  const ledTo = (tgid: number) => table.ledTo(key(tgid)).map(({ exe }) => exe);
  run(100, '/opt/launcher');
  run(100, '/opt/agent');
  table.on(fork(root, key(101)));
  t.strictSame(ledTo(101), ['/opt/agent'], 'of the root only what it is now');
  run(101, '/bin/bash');
  t.strictSame(ledTo(101), ['/bin/bash', '/opt/agent']);
  run(101, '/usr/bin/env');
  table.on(fork(key(101), key(102)));
  t.strictSame(ledTo(102), ['/usr/bin/env', '/bin/bash', '/opt/agent']);
  t.strictSame(ledTo(999), []);
  t.end();
});
