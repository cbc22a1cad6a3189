import t from 'tap';
import { processId } from '../../../src/event/index.js';
import {
  stackId,
  type AttachFact,
  type ProcessKey,
  type StacksFact,
  type TlsStack,
} from '../../../src/event/index.js';
import { StackKeeper } from '../../../src/tls/index.js';
import { Attachments, OWNED_MAX } from '../../../src/tls/attachments.js';
import { originAt, newImage } from '../../helpers/events.js';

const ROOT: ProcessKey = { tgid: 100, startNs: 1n };
const CHILD: ProcessKey = { tgid: 101, startNs: 2n };
const STRANGER: ProcessKey = { tgid: 102, startNs: 3n };
const ns = (ms: number): bigint => BigInt(ms) * 1_000_000n;
const stack = (inode: number, library: TlsStack['library'] = 'openssl'): TlsStack => ({
  file: { dev: 8n, inode: BigInt(inode) },
  path: `/opt/${inode}`,
  library,
  by: 'symbols',
  sites: [{ call: 'write', entry: 4096, returns: [5, 6] }],
});
const found = (
  key: ProcessKey,
  stacks: TlsStack[],
  more: Partial<StacksFact> = {},
): StacksFact => ({
  ...{ fact: 'stacks', key, gone: false, stacks, pending: false, unreadable: [], ...more },
});
const many = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => stack(from + i));
const keeperOf = (): StackKeeper => {
  const keeper = new StackKeeper((key) => (key === CHILD ? ROOT : key));
  for (const key of [ROOT, CHILD, STRANGER]) keeper.execed(key, originAt(ns(1)), newImage());
  return keeper;
};

t.test('a file may hold two stacks, each with probes and coverage of its own', (t) => {
  const keeper = keeperOf();
  const [openssl, aws] = [stack(1), stack(1, 'aws-lc')];
  t.match(keeper.fact(found(ROOT, [openssl, aws])).commands, [
    { do: 'attach', stack: { library: 'openssl' } },
    { do: 'attach', stack: { library: 'aws-lc' } },
  ]);
  const outcome = { fact: 'attach', file: openssl.file, bootNs: ns(5) } as const;
  t.match(keeper.fact({ ...outcome, library: 'aws-lc', state: 'attached' }).coverage, [
    { coverage: { library: 'aws-lc', state: 'plaintext' } },
  ]);
  t.match(
    keeper.fact({ ...outcome, library: 'openssl', state: 'failed', error: 'EINVAL' }).coverage,
    [{ coverage: { library: 'openssl', state: 'blind', reason: 'attach_failed: EINVAL' } }],
  );
  t.match(keeper.coverageOf(ROOT), { library: 'aws-lc' }, 'the best of them');
  t.match(keeper.stats().coverage, { plaintext: 1, metadata: 0, blind: 0 });
  t.equal(keeper.isReadable(ROOT, ns(5)), true);
  t.equal(keeper.isReadable(ROOT, ns(4)), false, 'not before its probes were there');
  t.equal(keeper.isReadable(CHILD, ns(5)), false);
  t.end();
});

t.test('probes elsewhere in the same file are other probes', (t) => {
  const keeper = keeperOf();
  const one = stack(1);
  keeper.fact(found(ROOT, [one]));
  t.same(keeper.fact(found(CHILD, [stack(1)])).commands, []);
  const moved = { ...one, sites: [{ call: 'write', entry: 4096, returns: [5, 7] }] } as const;
  t.equal(keeper.fact(found(CHILD, [moved])).commands.length, 1);
  const fewer = { ...one, sites: [] };
  t.equal(keeper.fact(found(CHILD, [fewer])).commands.length, 1);
  t.end();
});

t.test('an agent gets its share of probes and no more, which is said once', (t) => {
  const keeper = keeperOf();
  t.equal(keeper.fact(found(ROOT, many(1, 100))).commands.length, 100);
  const step = keeper.fact(found(CHILD, many(101, 100)));
  t.equal(step.commands.length, OWNED_MAX - 100, 'its processes share it');
  t.match(step.exhausted, { key: CHILD, path: '/opt/129', limit: OWNED_MAX });
  t.ok(step.coverage.some(({ coverage: c }) => c.reason.startsWith('exhausted: more than')));
  t.ok(step.coverage.every(({ coverage: c }) => c.state === 'blind' && c.library === 'openssl'));
  t.equal(keeper.fact(found(CHILD, many(300, 9))).exhausted, undefined);
  t.equal(keeper.fact(found(STRANGER, many(400, 9))).commands.length, 9, 'another has its own');
  t.ok(keeper.stats().rowsRefused > 0, 'not all are told one by one');
  for (let i = 1; i <= 128; i += 1) {
    const { file, library } = stack(i);
    keeper.fact({ fact: 'attach', file, library, state: 'failed', error: 'E', bootNs: 0n });
  }
  keeper.execed(ROOT, originAt(ns(10)), newImage());
  keeper.execed(CHILD, originAt(ns(10)), newImage());
  keeper.tick(ns(600));
  t.equal(keeper.fact(found(CHILD, many(500, 9))).commands.length, 9, 'free again');
  t.end();
});

t.test('what was refused is blind, with its library and the reason', (t) => {
  const keeper = keeperOf();
  const unreadable = [
    { path: '/opt/agent', reason: 'two candidates', library: 'boringssl' },
    { path: '/opt/libssl.so', reason: 'no_symbols' },
  ] as const;
  const { coverage } = keeper.fact(found(ROOT, [], { unreadable }));
  t.match(coverage, [
    {
      coverage: {
        state: 'blind',
        library: 'boringssl',
        reason: 'refused: two candidates',
        path: '/opt/agent',
      },
    },
    { coverage: { state: 'blind', library: '', reason: 'unreadable: /opt/libssl.so: no_symbols' } },
  ]);
  t.match(keeper.hello(ROOT, originAt(ns(5)), true).coverage, [
    { coverage: { state: 'metadata', library: '' } },
  ]);
  keeper.forked(ROOT, { tgid: 9, startNs: 9n }, originAt(ns(6)));
  t.equal(
    keeper.flow({ tgid: 9, startNs: 9n }, originAt(ns(7)), {
      named: false,
      openedNs: ns(7),
      pending: false,
    }).coverage.length,
    2,
    'its child maps the same',
  );
  t.end();
});

t.test('a look-up that goes on keeps the last word, and one that is owed is asked for', (t) => {
  const keeper = keeperOf();
  keeper.fact(found(ROOT, [], { pending: true }));
  t.same(keeper.hello(ROOT, originAt(ns(5)), true).coverage, [], 'it is still looked into');
  const first = keeper.fact(found(ROOT, []));
  t.match(first, { commands: [{ do: 'look_up_stacks', key: ROOT }], coverage: [] }, 'of before');
  t.match(keeper.fact(found(ROOT, [])).coverage, [{ coverage: { reason: 'no_known_stack' } }]);
  t.match(keeper.unexplained(ROOT).commands, [{ do: 'look_up_stacks', key: ROOT }]);
  t.same(keeper.unexplained({ tgid: 5, startNs: 5n }).commands, []);
  t.end();
});

const settled = (
  { file, library }: TlsStack,
  state: AttachFact['state'],
  bootNs: bigint,
): AttachFact => ({ fact: 'attach', file, library, state, bootNs });

t.test('probes nobody could use any more go after five seconds, and come back with a user', (t) => {
  const stacks = new Attachments();
  const [one, user] = [stack(1), processId(ROOT)];
  const use = () => stacks.use(one, ROOT, user, user).commands;
  t.match(use(), [{ do: 'attach' }]);
  stacks.settle(settled(one, 'attached', ns(1)));
  t.equal(stacks.anyLibrary(), 'openssl');
  t.same(stacks.tick(ns(10), true), [], 'it is used');
  stacks.leave([stackId(one)], user);
  t.same(stacks.tick(ns(1000), true), []);
  t.same(stacks.tick(ns(5999), true), []);
  t.match(stacks.tick(ns(6000), true), [{ do: 'detach', file: one.file, library: 'openssl' }]);
  t.equal(stacks.anyLibrary(), '', 'what is on its way out reads nothing');
  t.same(use(), [], 'not before they are gone');
  t.match(stacks.settle(settled(one, 'detached', ns(6001))).commands, [{ do: 'attach' }]);
  stacks.settle(settled(one, 'attached', ns(6002)));
  stacks.leave([stackId(one)], user);
  stacks.tick(ns(7000), true);
  t.equal(stacks.tick(ns(12_000), true).length, 1);
  t.same(stacks.settle(settled(one, 'detached', ns(12_001))).commands, []);
  t.equal(stacks.get(stackId(one)), undefined, 'and is forgotten');
  t.same(stacks.settle(settled(one, 'detached', ns(12_002))), { stack: null, commands: [] });
  t.end();
});

t.test('a library of the system keeps its probes while there are agents', (t) => {
  const stacks = new Attachments();
  const one = stack(1);
  t.match(stacks.useAsSystem(one), [{ do: 'attach', through: null }]);
  stacks.settle(settled(one, 'attached', ns(1)));
  t.same([...stacks.tick(ns(1000), true), ...stacks.tick(ns(9000), true)], []);
  t.same(stacks.tick(ns(10_000), false), []);
  t.match(stacks.tick(ns(15_000), false), [{ do: 'detach' }]);
  t.end();
});

t.test('a full table gives up what was found to be no TLS, and nothing that is in use', (t) => {
  const stacks = new Attachments();
  const strange = stack(9999);
  const [user, id] = [processId(ROOT), stackId(strange)];
  stacks.use(strange, ROOT, user, user);
  const held = stacks.get(id);
  if (held === undefined) throw new Error('it is not there');
  t.same(stacks.distrust(held, 'no text'), [], 'it has no probes yet');
  t.match(stacks.settle(settled(strange, 'attached', ns(1))).commands, [{ do: 'detach' }]);
  stacks.leave([id], user);
  stacks.settle(settled(strange, 'detached', ns(2)));
  t.same(stacks.tick(ns(9000), true), []);
  t.not(stacks.get(id), undefined, 'what was found out is kept');
  for (const one of many(1, 1023)) stacks.useAsSystem(one);
  t.match(stacks.useAsSystem(stack(2000)), [{ do: 'attach' }], 'in its place');
  t.equal(stacks.get(id), undefined);
  t.same(stacks.useAsSystem(stack(2001)), []);
  t.match(stacks.use(stack(2002), ROOT, user, user), { refused: 'full' });
  t.match(stacks.stats(), { refused: 2, distrusted: 0 });
  t.end();
});

t.test(
  'plaintext names its stack by a number, the old one as well when probes are set anew',
  (t) => {
    const stacks = new Attachments();
    const one = stack(1);
    const user = processId(ROOT);
    stacks.use(one, ROOT, user, user);
    stacks.settle({ ...settled(one, 'attached', ns(1)), attachment: 5 });
    const [held] = stacks.attached();
    if (held === undefined) throw new Error('it is not there');
    t.match(stacks.hold(held, 'reduced'), [{ do: 'detach' }]);
    stacks.settle(settled(one, 'detached', ns(2)));
    t.same(stacks.attached(), []);
    t.match(stacks.release(held), [{ do: 'attach' }]);
    stacks.settle({ ...settled(one, 'attached', ns(3)), attachment: 6 });
    t.strictSame([stacks.through(5), stacks.through(6)], [held, held]);
    t.strictSame([stacks.through(7), stacks.through(null)], [null, null]);
    t.end();
  },
);

t.test('a stack on hold has no probes until it is released, and none for nobody', (t) => {
  const stacks = new Attachments();
  const [one, user] = [stack(1), processId(ROOT)];
  const held = () => {
    const found = stacks.get(stackId(one));
    if (found === undefined) throw new Error('it is not there');
    return found;
  };
  stacks.use(one, ROOT, user, user);
  stacks.settle(settled(one, 'attached', ns(1)));
  t.match(stacks.hold(held(), 'reduced'), [{ do: 'detach' }]);
  t.same(stacks.settle(settled(one, 'detached', ns(2))).commands, []);
  t.same(stacks.hold(held(), 'reduced'), [], 'there is nothing to take away');
  t.same(stacks.use(one, CHILD, processId(CHILD), user).commands, [], 'whoever comes');
  t.match(stacks.release(held()), [{ do: 'attach', through: ROOT }]);
  stacks.hold(held(), 'reduced');
  stacks.leave([stackId(one)], user);
  stacks.leave([stackId(one)], processId(CHILD));
  t.same(stacks.release(held()), []);
  t.end();
});
