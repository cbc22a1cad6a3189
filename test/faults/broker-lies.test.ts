import t from 'tap';
import { FaultGateway } from '../helpers/fault-gateway.js';
import { FaultNode, isThrough } from '../helpers/fault-node.js';
import { FaultProxy } from '../helpers/fault-proxy.js';
import { report } from '../helpers/fault-result.js';
import { LyingBroker } from '../helpers/lying-broker.js';
import { startNatsServer } from '../helpers/nats-server.js';
import { ALL_WELL } from '../helpers/oracle.js';
import { waitFor } from '../helpers/wait.js';

const ACTIONS = 2000;
const MIB = 1 << 20;
/** Of 10 MB each: kept, they would be more than this. */
const [TRIES, MAX_GROWN_MIB] = [4, 32];
const TIMES = { stalledMs: 2000, ackMs: 1000, forgotMs: 1000 };

t.test('F4: what a broker acknowledged and lost with its store comes again', async (t) => {
  const server = await startNatsServer(t);
  const gateway = await FaultGateway.start(t, server.url);
  const options = { url: server.url, gatewayKey: gateway.key, times: TIMES };
  const node = await FaultNode.start(t, options);
  await node.append(ACTIONS);
  await node.reaches('all to be cosigned', isThrough);
  await gateway.stop();
  await node.append(ACTIONS);
  await node.reaches('all to be acknowledged', ({ backlog }) => backlog === '0');
  await server.kill();
  await server.restart({ wiped: true });
  await gateway.begin();
  await node.saw('forgot');
  const stats = await node.reaches('all to be cosigned', isThrough, 60_000);
  const judged = gateway.judge(node.committed);
  t.same(judged, ALL_WELL);
  t.equal((await gateway.verify()).code, 0, 'the copy is intact');
  report(
    t,
    'F4',
    'the broker loses its store, acknowledged records and all',
    node.committed,
    judged,
    [`sent again ${stats.forgotten} times`],
  );
});

t.test('a broker that acknowledges and forgets is believed until a better one comes', async (t) => {
  const server = await startNatsServer(t);
  const liar = await LyingBroker.start(t);
  const proxy = await FaultProxy.start(t, liar.port);
  const gateway = await FaultGateway.start(t, server.url);
  const options = { url: proxy.url, gatewayKey: gateway.key, times: TIMES };
  const node = await FaultNode.start(t, options);
  await node.append(ACTIONS);
  await node.reaches('all to be acknowledged', ({ backlog }) => backlog === '0');
  t.equal((await node.stats()).cosigned, '0');
  t.ok(liar.taken > 0);
  await node.saw('forgot');
  proxy.retarget(server.port);
  await node.append(ACTIONS);
  const stats = await node.reaches('all to be cosigned', isThrough, 60_000);
  const judged = gateway.judge(node.committed);
  t.same(judged, ALL_WELL);
  t.equal((await gateway.verify()).code, 0, 'the copy is intact');
  report(t, 'lies', 'the broker acknowledges and forgets', node.committed, judged, [
    `sent again ${stats.forgotten} times`,
  ]);
});

t.test('what another broker acknowledged comes again before the rest', async (t) => {
  const server = await startNatsServer(t);
  const liar = await LyingBroker.start(t);
  const proxy = await FaultProxy.start(t, liar.port);
  const gateway = await FaultGateway.start(t, server.url, { gap_after_s: 1 });
  // Nothing is sent again just because time went by.
  const times = { ...TIMES, forgotMs: 600_000 };
  const node = await FaultNode.start(t, { url: proxy.url, gatewayKey: gateway.key, times });
  await node.append(ACTIONS);
  await node.reaches('all to be acknowledged', ({ backlog }) => backlog === '0');
  liar.lies.ack = 'silent';
  await node.append(ACTIONS);
  proxy.retarget(server.port);
  await node.reaches('all to be cosigned', isThrough, 60_000);
  const judged = gateway.judge(node.committed);
  t.same(judged, ALL_WELL);
  t.equal((await gateway.verify()).code, 0, 'the copy is intact');
  report(t, 'lies', 'a broker that lost what it acknowledged is replaced', node.committed, judged);
});

for (const [what, lies] of [
  ['acknowledges long after it was asked again', { ackAfterMs: 2500 }],
  ['never acknowledges', { ack: 'silent' }],
  ['acknowledges in words that mean nothing', { ack: 'garbage' }],
] as const) {
  t.test(`a broker that ${what} is sent no more than a window holds`, async (t) => {
    const server = await startNatsServer(t);
    const liar = await LyingBroker.start(t, lies);
    const proxy = await FaultProxy.start(t, liar.port);
    const gateway = await FaultGateway.start(t, server.url);
    const options = { url: proxy.url, gatewayKey: gateway.key, times: TIMES };
    const node = await FaultNode.start(t, options);
    await node.append(ACTIONS);
    const { resent, inFlight } = await node.reaches('another try', (stats) => stats.resent > 0);
    t.ok(inFlight <= 256);
    await node.append(ACTIONS);
    proxy.retarget(server.port);
    await node.reaches('all to be cosigned', isThrough, 60_000);
    const judged = gateway.judge(node.committed);
    t.same(judged, ALL_WELL);
    report(t, 'lies', `the broker ${what}`, node.committed, judged, [
      `${inFlight} messages in flight, ${resent} sent again`,
    ]);
  });
}

t.test('a broker that opens with 10 MB, or with noise, is turned away', async (t) => {
  const server = await startNatsServer(t);
  const liar = await LyingBroker.start(t, { infoBytes: 10_000_000 });
  const proxy = await FaultProxy.start(t, liar.port);
  const gateway = await FaultGateway.start(t, server.url);
  const options = { url: proxy.url, gatewayKey: gateway.key, times: TIMES };
  const node = await FaultNode.start(t, options);
  await waitFor('the refusal', () => node.notes.some((note) => note.includes('INFO')));
  await node.append(ACTIONS);
  const tries = async (): Promise<number> => {
    const seen = proxy.connections;
    await waitFor('some more tries', () => proxy.connections >= seen + TRIES);
    return (await node.stats()).rssBytes / MIB;
  };
  // The first ones are the warm-up.
  const warmMib = await tries();
  const grownMib = (await tries()) - warmMib;
  t.ok(grownMib <= MAX_GROWN_MIB, `${TRIES} more tries cost ${grownMib.toFixed(1)} MiB`);

  liar.lies.infoBytes = 0;
  await node.reaches('a connection', ({ link }) => link.state === 'connected');
  const noise = ['MSG x 1 99999999999\r\n', '\0\xff\xfe', 'INFO {', `+OK${'x'.repeat(1 << 20)}`];
  for (const text of noise) {
    const { connects } = (await node.stats()).link;
    liar.say(Buffer.from(text, 'latin1'));
    liar.say(Buffer.from('\r\n\r\n'));
    const again = (stats: { link: { connects: number } }): boolean =>
      stats.link.connects > connects;
    await node.reaches('a new connection', again);
  }
  proxy.retarget(server.port);
  await node.reaches('all to be cosigned', isThrough, 60_000);
  const judged = gateway.judge(node.committed);
  t.same(judged, ALL_WELL);
  report(t, 'F19', 'the broker opens with 10 MB, or speaks noise', node.committed, judged, [
    `RSS +${grownMib.toFixed(1)} MiB`,
    `${noise.length} connections ended`,
  ]);
});
