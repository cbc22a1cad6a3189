import t from 'tap';
import type {
  AttachFact,
  ProcessKey,
  StacksFact,
  TlsDataEvent,
  TlsStack,
} from '../../../src/event/index.js';
import { StackKeeper } from '../../../src/tls/index.js';
import { CALLS_MAX, SelfCheck } from '../../../src/tls/self-check.js';
import { baseOf, originAt, newImage } from '../../helpers/events.js';

const BUN: ProcessKey = { tgid: 100, startNs: 1n };
const OTHER: ProcessKey = { tgid: 101, startNs: 2n };
const ns = (ms: number): bigint => BigInt(ms) * 1_000_000n;
const NOISE = '\u0001\u00ff\u0080\u0007\u0000\u009a\u0002\u00c1\u0013';
let calls = 0n;
const said = (text: string, more: Partial<TlsDataEvent> = {}): TlsDataEvent => {
  const bytes = Buffer.from(text, 'latin1');
  calls += 1n;
  return {
    ...{ kind: 'tls_data', ...baseOf(BUN, BUN, ns(50)), ssl: 7n, call: calls },
    ...{ direction: 'write', layer: 'stream', socketCookie: null, lastReceive: null },
    attachment: null,
    ...{ original: bytes.length, kept: bytes.length, offset: 0, bytes },
    ...more,
  };
};
const stack = (more: Partial<TlsStack> = {}): TlsStack => ({
  file: { dev: 8n, inode: 1n },
  path: '/opt/bun',
  library: 'boringssl',
  by: 'anchors',
  sites: [{ call: 'write', entry: 4096, returns: [] }],
  ...more,
});
const found = (key: ProcessKey, ...stacks: TlsStack[]): StacksFact => ({
  ...{ fact: 'stacks', key, gone: false, stacks, pending: false, unreadable: [] },
});
const attached = ({ file, library }: TlsStack, ms: number): AttachFact => ({
  ...{ fact: 'attach', file, library, state: 'attached', bootNs: ns(ms) },
});
/** A process whose stacks are attached at 10 ms. */
const keeperOf = (...stacks: TlsStack[]): StackKeeper => {
  const keeper = new StackKeeper();
  keeper.execed(BUN, originAt(ns(1)), newImage());
  keeper.fact(found(BUN, ...stacks));
  for (const one of stacks) keeper.fact(attached(one, 10));
  return keeper;
};
const fresh = () => ns(20);
const reasons = (keeper: StackKeeper): string[] =>
  keeper.rows().map(({ coverage: c }) => `${c.state} ${c.library} ${c.reason}`);

t.test('what anchors found is unproven until one session begins as applications do', (t) => {
  const keeper = keeperOf(stack());
  t.same(reasons(keeper), ['plaintext boringssl unproven']);
  t.equal(keeper.plaintext(said(NOISE), fresh).believed, false);
  const step = keeper.plaintext(said('GET / HTTP/1.1\r\n'), fresh);
  t.equal(step.believed, true);
  t.match(step.coverage, [{ coverage: { reason: 'attached', path: '/opt/bun' } }]);
  for (let i = 0; i < 20; i += 1) {
    const later = keeper.plaintext(said(NOISE, { ssl: 8n }), fresh);
    t.strictSame([later.believed, later.commands.length], [true, 0], 'a binary protocol, then');
  }
  t.end();
});

t.test('a stack whose sessions never do is detached and gets no probes again', (t) => {
  const keeper = keeperOf(stack());
  for (let i = 1; i < CALLS_MAX; i += 1) {
    t.same(keeper.plaintext(said(NOISE), fresh).commands, []);
  }
  const step = keeper.plaintext(said(NOISE), fresh);
  t.match(step, { believed: false, commands: [{ do: 'detach', library: 'boringssl' }] });
  t.match(step.coverage, [{ coverage: { state: 'metadata', reason: /^implausible: / } }]);
  t.equal(keeper.plaintext(said(NOISE), fresh).believed, false, 'what was under way');
  keeper.fact({ ...attached(stack(), 60), state: 'detached' });
  keeper.execed(OTHER, originAt(ns(70)), newImage());
  t.same(keeper.fact(found(OTHER, stack())).commands, []);
  t.match(keeper.stats(), { distrusted: 1, attached: 0, failed: 0, check: { implausible: 1 } });
  keeper.ended(BUN, originAt(ns(80)));
  keeper.ended(OTHER, originAt(ns(80)));
  keeper.tick(ns(9000));
  keeper.tick(ns(20_000));
  t.equal(keeper.stats().distrusted, 1, 'nor when nobody used it for a while');
  t.end();
});

t.test('nothing is held against it that could be the middle of a session', (t) => {
  const play = (keeper: StackKeeper, opened: () => bigint | null): number => {
    let commands = 0;
    for (let i = 0; i < 12; i += 1)
      commands += keeper.plaintext(said(NOISE), opened).commands.length;
    return commands;
  };
  t.equal(
    play(keeperOf(stack()), () => ns(9)),
    0,
    'its connection is older than the probes',
  );
  const talked = keeperOf(stack());
  talked.flow(BUN, originAt(ns(9)), { named: false, openedNs: ns(9), pending: false });
  t.equal(
    play(talked, () => null),
    0,
    'it may be',
  );
  t.equal(
    play(keeperOf(stack()), () => null),
    1,
    'it cannot be',
  );
  const adopted = new StackKeeper();
  adopted.started(BUN, originAt(ns(1)));
  adopted.fact(found(BUN, stack()));
  adopted.fact(attached(stack(), 10));
  t.equal(play(adopted, fresh), 0, 'its process is');
  t.equal(play(keeperOf(stack({ by: 'symbols' })), fresh), 0, 'symbols do not lie');
  const two = keeperOf(stack(), stack({ library: 'openssl' }));
  t.equal(play(two, fresh), 0, 'which of two stacks was it?');
  t.equal(play(keeperOf(stack(), stack({ library: 'aws-lc' })), fresh), 1, 'not the one below');
  t.end();
});

t.test('plaintext says which of two stacks it came through, and that one is judged', (t) => {
  const [bun, other] = [stack(), stack({ library: 'openssl' })];
  const keeper = keeperOf(bun, other);
  keeper.fact({ ...attached(bun, 10), attachment: 1 });
  keeper.fact({ ...attached(other, 10), attachment: 2 });
  for (let i = 1; i < CALLS_MAX; i += 1)
    t.same(keeper.plaintext(said(NOISE, { attachment: 2 }), fresh).commands, []);
  t.match(keeper.plaintext(said(NOISE, { attachment: 2 }), fresh), {
    believed: false,
    commands: [{ do: 'detach', library: 'openssl' }],
  });
  const late = said('GET / HTTP/1.1\r\n', { attachment: 2, ssl: 9n });
  t.strictSame(keeper.plaintext(late, fresh).believed, false, 'what was under way proves nothing');
  const asked = said('GET / HTTP/1.1\r\n', { attachment: 1 });
  const step = keeper.plaintext(asked, fresh);
  t.equal(step.believed, true, 'another session, at an address that came again');
  t.match(step.coverage, [{ coverage: { library: 'boringssl', reason: 'attached' } }]);
  t.same(reasons(keeper), [
    'plaintext boringssl attached',
    `metadata openssl implausible: no application begins so, in ${CALLS_MAX} calls`,
  ]);
  t.end();
});

t.test('what symbols gave is believed beside a stack that is not proven', (t) => {
  const [bun, system] = [stack(), stack({ library: 'openssl', by: 'symbols' })];
  const keeper = keeperOf(bun, system);
  keeper.fact({ ...attached(bun, 10), attachment: 1 });
  keeper.fact({ ...attached(system, 10), attachment: 2 });
  t.equal(keeper.plaintext(said(NOISE, { attachment: 2 }), fresh).believed, true);
  t.equal(keeper.plaintext(said(NOISE, { attachment: 1, ssl: 8n }), fresh).believed, false);
  t.end();
});

t.test('a stack where records are sealed is never convicted: a session is half of one', (t) => {
  const aws = stack({ library: 'aws-lc', sites: [{ call: 'aead_seal', entry: 1, returns: [] }] });
  for (const layer of ['record', 'inner'] as const) {
    for (const attachment of [3, null]) {
      const keeper = keeperOf(stack(), aws);
      keeper.fact({ ...attached(aws, 10), attachment: 3 });
      for (let i = 0; i < 2 * CALLS_MAX; i += 1) {
        const step = keeper.plaintext(said(NOISE, { layer, attachment }), fresh);
        t.strictSame([step.believed, step.commands], [true, []], 'a key from the middle on');
      }
      const answer = said('HTTP/1.1 200 OK', { layer, attachment, ssl: 9n });
      t.equal(keeper.plaintext(answer, fresh).believed, true, 'as a body may begin');
      t.same(reasons(keeper), ['plaintext boringssl unproven', 'plaintext aws-lc attached']);
      t.match(keeper.stats().check, { sessions: 0, implausible: 0, contradictions: 0 });
    }
  }
  t.end();
});

t.test('directions that contradict each other are counted, and prove nothing', (t) => {
  const check = new SelfCheck();
  const on = (text: string, direction: 'write' | 'read', ssl: bigint, isClient = true) =>
    check.on(said(text, { direction, ssl }), () => isClient);
  t.equal(on('HTTP/1.1 200 OK', 'write', 1n), 'implausible', 'who called answers');
  t.equal(on('GET / HTTP/1.1', 'read', 2n), 'implausible');
  t.equal(on('GET / HTTP/1.1', 'read', 3n, false), 'plausible', 'a server is asked');
  t.equal(on('HTTP/1.1 200 OK', 'write', 3n, false), 'plausible');
  t.equal(on('GET / HTTP/1.1', 'write', 4n), 'plausible');
  t.equal(on('GET / HTTP/1.1', 'read', 4n, false), 'plausible', 'it was believed already');
  t.match(check.stats(), { contradictions: 3, implausible: 2, sessions: 4 });
  check.free(BUN, 4n);
  t.equal(check.stats().sessions, 3);
  t.equal(
    check.on(said('GET / HTTP', { offset: 10 }), () => true),
    'open',
    'not how it began',
  );
  t.end();
});

t.test('sessions are bounded', (t) => {
  const check = new SelfCheck();
  for (let i = 0n; i <= 16_384n; i += 1n) check.on(said('GET / ', { ssl: i }), () => true);
  t.match(check.stats(), { sessions: 16_384, evicted: 1 });
  t.end();
});
