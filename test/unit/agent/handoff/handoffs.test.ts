import t from 'tap';
import type { Agent } from '../../../../src/agent/index.js';
import { AskBook } from '../../../../src/agent/handoff/ask-book.js';
import { requestOfSocket } from '../../../../src/agent/handoff/endpoints.js';
import { HandOffs } from '../../../../src/agent/handoff/handoffs.js';
import { RelayBook } from '../../../../src/agent/handoff/relay-book.js';
import type { ForkEvent, ProcessKey, UnixOpenEvent } from '../../../../src/event/index.js';
import { baseOf, execEvent, originAt } from '../../../helpers/events.js';

const SECOND = 1_000_000_000n;
const MS = 1_000_000n;
const NETNS = 4_026_531_840;
const keyOf = (tgid: number): ProcessKey => ({ tgid, startNs: BigInt(tgid) });
const agentAt = (tgid: number, id = 'acme/pay/bot'): Agent => ({
  info: { id, name: 'bot', session: `s-${tgid}`, assurance: 'asserted' },
  root: keyOf(tgid),
  governance: { proxy: 'none', sdk: 'none', exempt: [] },
  evidence: [],
  unsure: false,
  origin: originAt(),
  bootstrap: false,
});
const bot = agentAt(100);
const relay = keyOf(7);
const peer = { key: relay, exe: '/usr/bin/relayd', uid: 0 };
const openAt = (bootNs: bigint, path = '/tmp/relay.sock', tgid = 101): UnixOpenEvent => ({
  ...baseOf(keyOf(tgid), keyOf(100), bootNs),
  kind: 'unix_open',
  cookie: 1n,
  path,
  netns: NETNS,
});
const forkAt = (bootNs: bigint, child = 900, by = relay): ForkEvent => ({
  ...baseOf(by, by, bootNs),
  scope: 'relay',
  kind: 'fork',
  child: keyOf(child),
});
const nobody = () => false;
const peersAt = (path = '/tmp/relay.sock', peers = [peer]) =>
  ({ fact: 'unix_peer', path, netns: NETNS, peers }) as const;
const named = (names: readonly string[], ...processes: (typeof peer)[]) =>
  ({ fact: 'named', names, processes }) as const;
const WATCH = { do: 'watch_relay', key: relay };
const END = { do: 'end_relay', key: relay };

/** An agent asked at `askedNs`, and its relay is known. */
const asked = (askedNs = SECOND): HandOffs => {
  const handOffs = new HandOffs();
  handOffs.unixOpen(openAt(askedNs), bot);
  handOffs.fact(peersAt(), nobody);
  return handOffs;
};

t.test(
  'an ask at an unknown socket makes its listener a relay, and its child is linked',
  async (t) => {
    const handOffs = new HandOffs();
    const { commands } = handOffs.unixOpen(openAt(SECOND), bot);
    const near = keyOf(101);
    t.same(commands, [{ do: 'look_up_unix_peer', path: '/tmp/relay.sock', netns: NETNS, near }]);
    t.same(handOffs.fact(peersAt(), nobody).commands, [WATCH]);
    handOffs.forked(forkAt(SECOND + 40n * MS));
    const link = handOffs.linkOf(keyOf(900), 1000, SECOND + 50n * MS);
    t.match(link, {
      asker: { info: { id: 'acme/pay/bot' } },
      askedBy: near,
      via: '/tmp/relay.sock',
      relay,
      relayExe: '/usr/bin/relayd',
      askedNs: SECOND,
    });
    t.ok(link?.evidence.includes('/usr/bin/relayd (pid 7) forked 40 ms after that'));
    t.ok(link?.evidence.some((line) => /suspected/.test(line)));
    t.equal(handOffs.linkOf(keyOf(901), 1000, SECOND + 50n * MS), null, 'no child of a relay');
  },
);

t.test('what was forked before the ask, or too late, does not count', async (t) => {
  const early = asked(5n * SECOND);
  early.forked(forkAt(5n * SECOND - 1n));
  t.equal(early.linkOf(keyOf(900), 1000, 6n * SECOND), null, 'before');
  const late = asked();
  late.forked(forkAt(11n * SECOND + 1n));
  t.equal(late.linkOf(keyOf(900), 1000, 11n * SECOND + 1n), null, 'forked after the window');
  const slow = asked();
  slow.forked(forkAt(2n * SECOND));
  t.equal(slow.linkOf(keyOf(900), 1000, 11n * SECOND + 1n), null, 'ran after the window');
  t.ok(slow.linkOf(keyOf(900), 1000, 11n * SECOND), 'at its end');
});

t.test('an ask repeated later does not hide that it was asked before', async (t) => {
  const handOffs = asked(SECOND);
  handOffs.forked(forkAt(3n * SECOND));
  handOffs.unixOpen(openAt(4n * SECOND), bot);
  t.match(handOffs.linkOf(keyOf(900), 1000, 5n * SECOND), { askedNs: SECOND });
});

t.test('a member of a lineage and a harmless program are no relays', async (t) => {
  const handOffs = new HandOffs();
  handOffs.unixOpen(openAt(SECOND), bot);
  t.same(handOffs.fact(peersAt(), () => true).commands, [], 'its child is in the lineage anyway');
  const agentd = { ...peer, exe: '/usr/bin/ssh-agent' };
  t.same(handOffs.fact(peersAt(undefined, [agentd]), nobody).commands, []);
  t.same(handOffs.unixOpen(openAt(SECOND, '/dev/log'), bot).commands, []);
  t.same(handOffs.unixOpen(openAt(SECOND, ''), bot).commands, []);
  t.match(handOffs.stats(), { asks: 1, relays: 0, harmlessOpens: 2 });
});

t.test(
  'crontab makes cron a relay for more than a minute, for jobs of the same user',
  async (t) => {
    const handOffs = new HandOffs();
    const exec = execEvent(keyOf(101), '/usr/bin/crontab', {
      ...baseOf(keyOf(101), keyOf(100), SECOND),
      argv: ['crontab', '-'],
    });
    const [question] = handOffs.exec(exec, bot).commands;
    if (question?.do !== 'look_up_named') throw new Error('nobody was asked for');
    t.ok(question.names.includes('cron'));
    t.same(handOffs.fact(named(question.names, peer), nobody).commands, [WATCH]);
    handOffs.forked(forkAt(60n * SECOND));
    t.equal(handOffs.linkOf(keyOf(900), 33, 60n * SECOND), null, 'the job of somebody else');
    t.match(handOffs.linkOf(keyOf(900), 1000, 60n * SECOND), { via: 'crontab', askedNs: SECOND });
    t.same(handOffs.tick(71n * SECOND).commands, []);
    t.same(handOffs.tick(71n * SECOND + 1n).commands, [END]);
    const list = { ...exec, argv: ['crontab', '-l'] };
    t.same(handOffs.exec(list, bot).commands, [], 'it only lists');
  },
);

t.test('of the managers only those of the socket are relays', async (t) => {
  const handOffs = new HandOffs();
  const { commands } = handOffs.unixOpen(openAt(SECOND, '/run/user/1000/bus'), bot);
  const [question, listener] = commands;
  t.match(listener, { do: 'look_up_unix_peer' });
  if (question?.do !== 'look_up_named') throw new Error('nobody was asked for');
  const managers = [0, 1000, 1001].map((uid) => ({
    key: keyOf(uid + 1),
    exe: '/usr/lib/systemd/systemd',
    uid,
  }));
  t.same(handOffs.fact(named(question.names, ...managers), nobody).commands, [
    { do: 'watch_relay', key: keyOf(1001) },
  ]);
});

t.test('an engine under any name has its workers watched', async (t) => {
  const handOffs = new HandOffs();
  handOffs.unixOpen(openAt(SECOND, '/x/y.sock'), bot);
  const dockerd = { ...peer, exe: '/usr/bin/dockerd' };
  const { commands } = handOffs.fact(peersAt('/x/y.sock', [dockerd]), nobody);
  t.match(commands, [WATCH, { do: 'look_up_named' }]);
  const question = commands[1];
  if (question?.do !== 'look_up_named') throw new Error('nobody was asked for');
  const shim = { key: keyOf(8), exe: '/usr/bin/containerd-shim-runc-v2', uid: 0 };
  t.same(handOffs.fact(named(question.names, shim), nobody).commands, [
    { do: 'watch_relay', key: shim.key },
  ]);
  handOffs.forked(forkAt(2n * SECOND, 900, shim.key));
  t.match(handOffs.linkOf(keyOf(900), 0, 2n * SECOND), { relayExe: shim.exe, via: '/x/y.sock' });
});

t.test('an ask again extends the time, without another look-up within a second', async (t) => {
  const handOffs = asked(SECOND);
  t.same(handOffs.unixOpen(openAt(SECOND + 900n * MS), bot).commands, [], 'the answer is fresh');
  t.match(handOffs.unixOpen(openAt(8n * SECOND), bot).commands, [{ do: 'look_up_unix_peer' }]);
  t.same(handOffs.tick(12n * SECOND).commands, []);
  t.same(handOffs.tick(18n * SECOND + 1n).commands, [END]);
  const again = handOffs.unixOpen(openAt(19n * SECOND), bot).commands;
  t.match(again, [WATCH, { do: 'look_up_unix_peer' }], 'whoever it was is watched at once');
});

t.test('of two agents the newest ask counts, and of a living agent first', async (t) => {
  const other = agentAt(200, 'acme/pay/other');
  const handOffs = asked(SECOND);
  handOffs.unixOpen({ ...openAt(2n * SECOND, undefined, 201), root: other.root }, other);
  handOffs.fact(peersAt(), nobody);
  handOffs.forked(forkAt(3n * SECOND));
  const linked = () => handOffs.linkOf(keyOf(900), 1000, 3n * SECOND);
  t.equal(linked()?.asker.info.id, 'acme/pay/other');
  t.ok(linked()?.evidence.some((line) => line.startsWith('1 other agents asked')));
  handOffs.ended(other.root);
  t.equal(linked()?.asker.info.id, 'acme/pay/bot');
  handOffs.ended(bot.root);
  t.equal(linked()?.asker.info.id, 'acme/pay/other', 'what ended has asked all the same');
});

t.test('a flood of paths is asked about 64 times a second, and the rest is counted', async (t) => {
  const handOffs = new HandOffs();
  let questions = 0;
  for (let i = 0; i < 2000; i += 1) {
    questions += handOffs.unixOpen(openAt(SECOND, `/tmp/${i}`), bot).commands.length;
  }
  t.equal(questions, 64);
  t.match(handOffs.stats(), {
    asks: 1024,
    asksEvicted: 976,
    lookUps: 512,
    lookUpsEvicted: 1488,
    lookUpsRefused: 1936,
  });
  t.equal(handOffs.unixOpen(openAt(2n * SECOND, '/tmp/x'), bot).commands.length, 1);
  handOffs.tick(200n * SECOND);
  t.match(handOffs.stats(), { asks: 0, lookUps: 0 });
});

t.test('a flood of one ask keeps its times for the whole window', async (t) => {
  const book = new AskBook();
  const request = requestOfSocket('/tmp/relay.sock');
  for (let ms = 0n; ms < 10_000n; ms += 1n) {
    book.add(bot, keyOf(101), request, SECOND + ms * MS).relays.add('7:7');
  }
  const [fit] = book.fitting('7:7', 2n * SECOND, 10n * SECOND, 0);
  t.equal(fit?.atNs, 2n * SECOND);
  t.equal(book.stats().asks, 1);
});

t.test('full tables let the oldest go and say so', async (t) => {
  const book = new RelayBook(2, 2);
  const at = (tgid: number) => ({ ...peer, key: keyOf(tgid) });
  book.watch(at(1), 30n);
  book.watch(at(2), 20n);
  t.same(
    book.watch(at(3), 40n),
    [
      { do: 'end_relay', key: keyOf(2) },
      { do: 'watch_relay', key: keyOf(3) },
    ],
    'the one whose time ends first',
  );
  for (const child of [900, 901, 902]) book.forked(forkAt(10n, child, keyOf(1)));
  t.equal(book.childOf(keyOf(900)), null);
  t.ok(book.childOf(keyOf(902)));
  book.forked(forkAt(10n, 903, keyOf(99)));
  t.same(book.stats(), {
    relays: 2,
    relaysEvicted: 1,
    relayChildren: 2,
    relayChildrenEvicted: 1,
    relayForksUnknown: 1,
  });
  book.tick(80n * SECOND);
  t.match(book.stats(), { relays: 0, relayChildren: 0 });
});
