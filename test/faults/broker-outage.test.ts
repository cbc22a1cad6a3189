import t from 'tap';
import { FaultGateway } from '../helpers/fault-gateway.js';
import { FaultNode, isThrough } from '../helpers/fault-node.js';
import { FaultProxy } from '../helpers/fault-proxy.js';
import { report } from '../helpers/fault-result.js';
import { startNatsServer } from '../helpers/nats-server.js';
import { ALL_WELL } from '../helpers/oracle.js';

/** scripts/faults-long asks for half an hour's worth of records. */
const RECORDS = Number(process.env.FAULT_RECORDS ?? 20_000);
/** A test that waits shorter than an operator would is told sooner. */
const TIMES = { stalledMs: 2000, ackMs: 1000 };
const DEADLINE_MS = 300_000;
const MIB = 1 << 20;

t.test('F1: a broker that is away for long costs disk, and nothing else', async (t) => {
  const server = await startNatsServer(t);
  const gateway = await FaultGateway.start(t, server.url);
  const node = await FaultNode.start(t, { url: server.url, gatewayKey: gateway.key });
  await node.append(RECORDS);
  const before = await node.reaches('all to be cosigned', isThrough, DEADLINE_MS);
  const heldBefore = await node.heldBytes();

  await server.stop();
  await node.append(RECORDS);
  const during = await node.stats();
  t.ok(Number(during.backlog) >= RECORDS, 'all of it waits in the journal');
  const heldMib = ((await node.heldBytes()) - heldBefore) / MIB;
  const grownMib = (during.rssBytes - before.rssBytes) / MIB;
  t.ok(heldMib <= 20, `it holds ${heldMib.toFixed(1)} MiB more`);

  const awayMs = Date.now();
  await server.restart();
  await node.reaches('the connection', ({ link }) => link.state === 'connected');
  const backMs = Date.now();
  const live = node.append(1000);
  await node.reaches('the backlog to be sent', ({ backlog }) => backlog === '0', DEADLINE_MS);
  const drainedMs = Date.now();
  await live;
  await node.reaches('all to be cosigned', isThrough, DEADLINE_MS);

  const judged = gateway.judge(node.committed);
  t.same(judged, ALL_WELL);
  t.equal((await gateway.verify()).code, 0, 'the copy is intact');
  report(t, 'F1', 'the broker is away', node.committed, judged, [
    `holds ${heldMib.toFixed(1)} MiB more, RSS +${grownMib.toFixed(1)} MiB`,
    `connected again after ${((backMs - awayMs) / 1000).toFixed(1)} s`,
    `backlog of ${during.backlog} sent at ${Math.round((Number(during.backlog) / (drainedMs - backMs)) * 1000)}/s`,
  ]);
});

t.test('F2: a broker whose answers do not come is an alarm, and the journal goes on', async (t) => {
  const server = await startNatsServer(t);
  const proxy = await FaultProxy.start(t, server.port);
  const gateway = await FaultGateway.start(t, server.url);
  const options = { url: proxy.url, gatewayKey: gateway.key, times: TIMES };
  const node = await FaultNode.start(t, options);
  await node.append(100);
  await node.reaches('all to be cosigned', isThrough);

  proxy.freeze('to_client');
  await node.append(RECORDS);
  await node.saw('stalled', 40_000);
  const during = await node.stats();
  t.ok(during.inFlight <= 256, `${during.inFlight} messages in flight`);
  t.ok(Number(during.backlog) >= RECORDS);
  proxy.thaw('to_client');
  await node.saw('resumed', 60_000);
  await node.reaches('all to be cosigned', isThrough, DEADLINE_MS);

  const judged = gateway.judge(node.committed);
  t.same(judged, ALL_WELL);
  report(t, 'F2', 'no acknowledgement comes', node.committed, judged, [
    `${during.inFlight} messages in flight`,
    'stalled, then resumed',
  ]);
});

t.test('F2: a broker that answers a second late is only late', async (t) => {
  const server = await startNatsServer(t);
  const proxy = await FaultProxy.start(t, server.port);
  const gateway = await FaultGateway.start(t, server.url);
  const node = await FaultNode.start(t, { url: proxy.url, gatewayKey: gateway.key });
  proxy.delay('to_client', 1000);
  await node.append(RECORDS);
  await node.reaches('all to be cosigned', isThrough, DEADLINE_MS);
  const { resent } = await node.stats();
  const judged = gateway.judge(node.committed);
  t.same(judged, ALL_WELL);
  report(t, 'F2', 'each acknowledgement comes a second late', node.committed, judged, [
    `${resent} messages sent again`,
  ]);
});
