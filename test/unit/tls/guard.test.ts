import t from 'tap';
import type {
  Command,
  ProbesAnswer,
  ProcessKey,
  TlsLibrary,
  TlsStack,
} from '../../../src/event/index.js';
import { processId } from '../../../src/event/index.js';
import { Guard, type Guarded } from '../../../src/tls/guard.js';

const S = 1_000_000_000n;
const process: ProcessKey = { tgid: 100, startNs: 5n };
const other: ProcessKey = { tgid: 101, startNs: 6n };

const stackOf = (inode: bigint, library: TlsLibrary = 'openssl'): TlsStack => ({
  file: { dev: 8n, inode },
  path: `/lib/${inode}.so`,
  library,
  by: 'symbols',
  sites: [{ call: 'write', entry: 0x10, returns: [] }],
});
const ssl = stackOf(1n);
const used = (stack: TlsStack, ...keys: ProcessKey[]): Guarded => ({
  stack,
  users: new Map(keys.map((key) => [processId(key), key])),
});

const answer = (
  state: ProbesAnswer['state'],
  offsets: readonly number[] = [],
  key = process,
): ProbesAnswer => ({
  ...{ key, file: ssl.file, library: ssl.library, state, checked: 4 },
  altered: offsets.map((offset) => ({ offset, flaw: 'restored' })),
});

/** A guard over what is attached; `tick` gives what it asks for. */
const guardOf = (...attached: Guarded[]) => {
  const guard = new Guard();
  const list = () => attached;
  const tick = (nowNs: bigint) => guard.tick(nowNs, list);
  const asked = <D extends Command['do']>(nowNs: bigint, what: D) =>
    tick(nowNs).commands.filter((one): one is Command & { do: D } => one.do === what);
  const told = (...answers: ProbesAnswer[]) =>
    guard.fact({ fact: 'probes', answers }, list).tampered;
  const mended = (...answers: ProbesAnswer[]) =>
    guard.fact({ fact: 'probes', answers }, list).mended;
  return { guard, list, tick, asked, told, mended };
};

t.test('each process is looked at in each round', (t) => {
  const { asked } = guardOf(used(ssl, process, other), used(stackOf(2n), process), used(ssl));
  const targets = (nowNs: bigint): string[] =>
    asked(nowNs, 'attest').flatMap((one) =>
      one.targets.map(({ key, stack }) => `${key.tgid} ${stack.path}`),
    );
  const all = ['100 /lib/1.so', '101 /lib/1.so', '100 /lib/2.so'];
  t.same(targets(10n * S), all);
  t.same(targets(11n * S), [], 'not before the next round');
  t.same(targets(13n * S), all);
  t.end();
});

t.test('an altered probe is told when it was seen twice, and once', (t) => {
  const { asked, told, mended, guard } = guardOf(used(ssl, process));
  asked(10n * S, 'attest');
  t.same(told(answer('altered', [0x10])), [], 'a mapping may be in the making');
  t.match(asked(10n * S + 100n, 'attest'), [{ targets: [{ key: process, stack: ssl }] }]);
  t.match(told(answer('altered', [0x10])), [
    {
      ...{ key: process, file: ssl.file, library: 'openssl', path: '/lib/1.so' },
      ...{ checked: 4, number: 1, altered: [{ offset: 0x10, flaw: 'restored' }] },
    },
  ]);
  asked(13n * S, 'attest');
  t.same(told(answer('altered', [0x10])), [], 'it was told');
  asked(16n * S, 'attest');
  t.match(told(answer('altered', [0x10, 0x20])), [{ number: 2 }], 'more of them');
  asked(19n * S, 'attest');
  t.match(mended(answer('whole')), [{ key: process, library: 'openssl' }]);
  asked(20n * S, 'attest');
  t.same(mended(answer('whole')), []);
  asked(22n * S, 'attest');
  t.same(told(answer('altered', [0x10])), [], 'from the beginning');
  t.equal(guard.stats().probes.tampered, 2);
  t.end();
});

t.test('a benign twin is silent: it was seen once, and then the probes stood', (t) => {
  const { asked, told } = guardOf(used(ssl, process));
  asked(10n * S, 'attest');
  t.same(told(answer('altered', [0x10])), []);
  asked(10n * S + 100n, 'attest');
  t.same(told(answer('whole')), []);
  for (const state of ['gone', 'unreadable'] as const) {
    asked(20n * S, 'attest');
    t.same(told(answer(state)), []);
  }
  t.same(told(answer('altered', [0x10])), [], 'nobody asked');
  t.end();
});

t.test('who had no turn is looked at first', (t) => {
  const { asked, told } = guardOf(used(ssl, process, other));
  asked(10n * S, 'attest');
  told(answer('whole'), answer('postponed', [], other));
  t.match(asked(10n * S + 1n, 'attest'), [{ targets: [{ key: other }] }]);
  t.end();
});

t.test('a thousand processes are looked at a few at a time', (t) => {
  const keys = Array.from({ length: 1000 }, (_, i) => ({ tgid: 1000 + i, startNs: 1n }));
  const { asked, guard } = guardOf(used(ssl, ...keys));
  const seen = new Set<number>();
  for (let tick = 0n; tick < 20n; tick += 1n) {
    const targets = asked(10n * S + tick, 'attest').flatMap((one) => one.targets);
    t.ok(targets.length <= 64);
    for (const { key } of targets) seen.add(key.tgid);
  }
  t.equal(seen.size, 1000);
  t.equal(guard.stats().probes.waiting, 0);
  t.end();
});

t.test('a file written over is to be detached at once, a replaced one looked up again', (t) => {
  const { asked, guard, list } = guardOf(used(ssl, process), used(stackOf(2n)));
  t.match(asked(10n * S, 'look_at_files'), [
    { targets: [{ stack: ssl, through: process }, { through: null }] },
  ]);
  t.same(asked(10n * S + 1n, 'look_at_files'), []);
  const fact = (state: 'rewritten' | 'replaced') =>
    guard.fact({ fact: 'files', answers: [{ file: ssl.file, state }] }, list);
  t.match(fact('rewritten'), { rewritten: [ssl.file], systemChanged: false });
  t.match(fact('rewritten'), { rewritten: [] }, 'not again in the same second');
  asked(12n * S, 'look_at_files');
  t.match(fact('rewritten'), { rewritten: [ssl.file] });
  t.match(fact('replaced'), { rewritten: [], systemChanged: true });
  t.match(guard.stats().files, { rewritten: 2, replaced: 1 });
  t.end();
});

const RATE = 150_000;

/** Reads the counter once a second from `fromNs`, for so many seconds. */
const run = (
  { guard, list, asked }: ReturnType<typeof guardOf>,
  fromNs: bigint,
  seconds: number,
  callsASecond = RATE,
) =>
  Array.from({ length: seconds }, (_, i) => {
    const bootNs = fromNs + BigInt(i) * S;
    t.equal(asked(bootNs, 'read_hits').length, 1);
    const hits = [{ file: ssl.file, library: ssl.library, calls: i * callsASecond }];
    return guard.fact({ fact: 'hits', bootNs, hits }, list).reduced;
  }).flat();

t.test('a stack that is called absurdly often for long is left alone for a while', (t) => {
  const one = guardOf(used(ssl, process, other));
  t.match(run(one, 10n * S, 20), [
    { stack: ssl, users: [process, other], callsASecond: RATE, holdMs: 30_000, number: 1 },
  ]);
  t.equal(one.guard.isHeld(ssl), true);
  t.equal(one.guard.isHeld(stackOf(2n)), false);
  t.same(one.tick(45n * S).resumed, []);
  t.same(one.tick(51n * S).resumed, [ssl]);
  t.equal(one.guard.isHeld(ssl), false);
  t.same(one.tick(52n * S).resumed, []);
  t.match(run(one, 60n * S, 20), [{ holdMs: 60_000, number: 2 }], 'twice as long');
  t.match(one.guard.stats().hits, { reduced: 2, held: 1 });
  t.end();
});

t.test('a transfer of a gigabyte, and one that pauses, are no reason', (t) => {
  t.same(run(guardOf(used(ssl, process)), 10n * S, 10), [], 'over before it counts');
  t.same(run(guardOf(used(ssl, process)), 10n * S, 60, 60_000), [], 'as fast as a network');
  const pausing = guardOf(used(ssl, process));
  for (let i = 0n; i < 4n; i += 1n) t.same(run(pausing, (10n + i * 20n) * S, 8), []);
  t.same(run(guardOf(), 10n * S, 0), []);
  t.same(guardOf().asked(10n * S, 'read_hits'), [], 'nothing is attached');
  t.end();
});

t.test('no more rates are kept than there can be stacks', (t) => {
  const { guard, list } = guardOf();
  const hits = Array.from({ length: 2000 }, (_, i) => ({
    ...{ file: { dev: 9n, inode: BigInt(i) }, library: 'openssl' as const, calls: 0 },
  }));
  guard.fact({ fact: 'hits', bootNs: S, hits }, list);
  t.equal(guard.stats().hits.evicted, 2000 - 1024);
  t.end();
});
