import { connect } from 'nats';
import type { NatsConnection } from 'nats';
import t, { type Test } from 'tap';
import { readHeader } from '../../src/record/index.js';
import { decodeDelimited } from '../../src/subject/index.js';
import { FaultGateway } from '../helpers/fault-gateway.js';
import { FaultNode, isThrough } from '../helpers/fault-node.js';
import { FaultProxy } from '../helpers/fault-proxy.js';
import { report } from '../helpers/fault-result.js';
import { startNatsServer } from '../helpers/nats-server.js';
import { ALL_WELL } from '../helpers/oracle.js';
import { waitFor } from '../helpers/wait.js';

const STREAM = 'WATCHFLOOR';
/** How every acknowledgement of that stream begins. */
const ACK = `"stream":"${STREAM}", "seq"`;
const CUTS = 5;

async function administrator(t: Test, url: string): Promise<NatsConnection> {
  const connection = await connect({ servers: url });
  t.teardown(() => connection.close());
  return connection;
}

/** How often each number lies in the stream, more than once. The gateway's cosignatures lie there too, and have none. */
async function copies(connection: NatsConnection): Promise<number> {
  const consumer = await connection.jetstream().consumers.get(STREAM);
  const { num_pending: pending } = await consumer.info();
  const times = new Map<bigint, number>();
  const messages = await consumer.fetch({ max_messages: pending, expires: 10_000 });
  for await (const message of messages) {
    if (message.subject.startsWith('watchfloor.v1.cosign.')) continue;
    const found = decodeDelimited(message.data);
    for (const bytes of found.ok ? found.items : []) {
      const { seq } = readHeader(bytes) ?? { seq: 0n };
      times.set(seq, (times.get(seq) ?? 0) + 1);
    }
  }
  return [...times.values()].reduce((sum, count) => sum + count - 1, 0);
}

/** Stores a message and cuts the connection in front of its acknowledgement, several times. */
async function loseAcks(proxy: FaultProxy, node: FaultNode): Promise<void> {
  const before = proxy.cuts;
  proxy.cutBefore('to_client', ACK);
  for (let index = 1; index <= CUTS; index += 1) {
    await node.append(200);
    await waitFor('an acknowledgement to be lost', () => proxy.cuts >= before + index);
  }
  proxy.cutBefore('to_client', null);
}

t.test('F3: what was stored and not acknowledged is sent again and stored once', async (t) => {
  const server = await startNatsServer(t);
  const proxy = await FaultProxy.start(t, server.port);
  const gateway = await FaultGateway.start(t, server.url);
  const node = await FaultNode.start(t, { url: proxy.url, gatewayKey: gateway.key });
  await loseAcks(proxy, node);
  const { duplicates } = await node.reaches('all to be cosigned', isThrough);
  t.ok(duplicates >= 1, 'the broker knew some by their id');
  t.equal(await copies(await administrator(t, server.url)), 0, 'the stream has each once');
  const judged = gateway.judge(node.committed);
  t.same(judged, ALL_WELL);
  report(t, 'F3', 'acknowledgements are lost, inside two minutes', node.committed, judged, [
    `${proxy.cuts} connections cut`,
    `${duplicates} duplicates known to the broker`,
    '0 copies in the stream',
  ]);
});

t.test(
  'F3: what the broker no longer knows is twice in the stream and once at the gateway',
  async (t) => {
    const server = await startNatsServer(t);
    const proxy = await FaultProxy.start(t, server.port);
    const admin = await administrator(t, server.url);
    const { streams } = await admin.jetstreamManager();
    // The shortest window there is, in the place of two minutes.
    const duplicate_window = 100 * 1_000_000;
    await streams.add({ name: STREAM, subjects: ['watchfloor.v1.>'], duplicate_window });
    const gateway = await FaultGateway.start(t, server.url);
    const node = await FaultNode.start(t, { url: proxy.url, gatewayKey: gateway.key });
    await loseAcks(proxy, node);
    await node.reaches('all to be cosigned', isThrough);
    const twice = await copies(admin);
    t.ok(twice > 0, 'it was stored again');
    const judged = gateway.judge(node.committed);
    t.same(judged, ALL_WELL);
    t.equal((await gateway.verify()).code, 0, 'the copy is intact');
    report(
      t,
      'F3',
      'acknowledgements are lost, behind the window of the broker',
      node.committed,
      judged,
      [`${twice} copies in the stream`],
    );
  },
);
