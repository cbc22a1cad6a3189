import { connect, DiscardPolicy } from 'nats';
import type { JetStreamManager } from 'nats';
import t, { type Test } from 'tap';
import { FaultGateway } from '../helpers/fault-gateway.js';
import { FaultNode, isThrough } from '../helpers/fault-node.js';
import { report } from '../helpers/fault-result.js';
import { startNatsServer } from '../helpers/nats-server.js';
import { ALL_WELL } from '../helpers/oracle.js';

const STREAM = 'WATCHFLOOR';
const SUBJECTS = ['watchfloor.v1.>'];
const ACTIONS = 500;
/** The least time between two tries of what was refused. */
const RETRY_MS = 1000;

/** The node is whoever gives no name; `deny` are the subjects it may not publish on. */
const accounts = (deny: readonly string[]): string => `
  accounts {
    A {
      jetstream: enabled
      users: [
        { user: node, password: node, permissions: { publish: { deny: [${deny.map((name) => `"${name}"`).join(', ')}] } } }
        { user: admin, password: admin }
      ]
    }
  }
  no_auth_user: node`;

async function manager(t: Test, port: number): Promise<JetStreamManager> {
  const connection = await connect({ port, user: 'admin', pass: 'admin' });
  t.teardown(() => connection.close());
  return connection.jetstreamManager();
}

/** How many milliseconds it took to be refused three times more. */
async function threeTries(node: FaultNode): Promise<number> {
  const { rejected } = await node.reaches('a refusal', (stats) => stats.rejected > 0);
  const begun = performance.now();
  await node.reaches('three more', (stats) => stats.rejected >= rejected + 3);
  return performance.now() - begun;
}

async function refusedUntil(
  t: Test,
  node: FaultNode,
  reason: string,
  repair: () => Promise<unknown>,
): Promise<void> {
  await node.append(ACTIONS);
  t.equal((await node.saw('rejected')).reason, reason);
  const tookMs = await threeTries(node);
  t.ok(tookMs >= 2 * RETRY_MS, `three tries took ${Math.round(tookMs)} ms`);
  await repair();
  await node.reaches('all to be acknowledged', ({ backlog }) => backlog === '0', 60_000);
  const again = node.events.filter(({ event }) => event === 'rejected').length;
  t.equal(again, 1, 'it was said once');
}

t.test('F5: a stream that is not there is asked for and waited for', async (t) => {
  const server = await startNatsServer(t, {
    config: accounts([`$JS.API.STREAM.CREATE.${STREAM}`]),
  });
  const node = await FaultNode.start(t, { url: server.url, gatewayKey: null });
  const admin = await manager(t, server.port);
  await refusedUntil(t, node, 'no_stream', () =>
    admin.streams.add({ name: STREAM, subjects: SUBJECTS }),
  );
  const problems = node.events.find(({ event }) => event === 'stream')?.problems;
  t.match(problems, [/nats stream add WATCHFLOOR/], 'what to do is said');
  const gateway = await FaultGateway.start(t, server.url);
  await gateway.holds(node.committed);
  const judged = gateway.judge(node.committed);
  t.same(judged, ALL_WELL);
  report(t, 'F5', 'there is no stream', node.committed, judged, ['asked once a second']);
});

t.test('F5: a stream that is full is waited for', async (t) => {
  const server = await startNatsServer(t, { config: accounts([]) });
  const admin = await manager(t, server.port);
  const limits = { subjects: SUBJECTS, discard: DiscardPolicy.New };
  await admin.streams.add({ name: STREAM, ...limits, max_bytes: 64 * 1024 });
  const node = await FaultNode.start(t, { url: server.url, gatewayKey: null });
  await refusedUntil(t, node, 'full', () =>
    admin.streams.update(STREAM, { ...limits, max_bytes: 64 << 20 }),
  );
  const gateway = await FaultGateway.start(t, server.url);
  await gateway.holds(node.committed);
  const judged = gateway.judge(node.committed);
  t.same(judged, ALL_WELL);
  report(t, 'F5', 'the stream is full', node.committed, judged, ['asked once a second']);
});

t.test('F5: a permission that is missing is waited for', async (t) => {
  const server = await startNatsServer(t, { config: accounts(['watchfloor.v1.record.>']) });
  const node = await FaultNode.start(t, { url: server.url, gatewayKey: null });
  await refusedUntil(t, node, 'permission', () => server.restart({ config: accounts([]) }));
  const gateway = await FaultGateway.start(t, server.url);
  await gateway.holds(node.committed);
  const judged = gateway.judge(node.committed);
  t.same(judged, ALL_WELL);
  report(t, 'F5', 'publishing is not allowed', node.committed, judged, ['asked once a second']);
});

t.test(
  'F5: a record larger than the broker takes goes as its stub, and the copy is still proven',
  async (t) => {
    const server = await startNatsServer(t, { config: 'max_payload: 4096' });
    const gateway = await FaultGateway.start(t, server.url);
    const node = await FaultNode.start(t, { url: server.url, gatewayKey: gateway.key });
    await node.append(ACTIONS);
    await node.appendLarge(3);
    await node.append(ACTIONS);
    const { stubs } = await node.reaches('all to be cosigned', isThrough);
    t.equal(stubs, 3);
    const { lost, ...rest } = gateway.judge(node.committed);
    t.same(rest, { doubled: [], reordered: [] });
    t.equal(lost.length, 3, 'what they said stayed in the journal');
    const { code, stdout } = await gateway.verify();
    t.equal(code, 2, 'the copy is not all there is');
    t.match(stdout, 'incomplete\n');
    t.match(stdout, '3 records are here as stubs only');
    report(t, 'F5', 'records above max_payload', node.committed, { lost: [], ...rest }, [
      `${stubs} of them as stubs: the hash is here, the words stayed on the node`,
    ]);
  },
);
