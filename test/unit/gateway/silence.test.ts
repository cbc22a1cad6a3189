import t from 'tap';
import { startNatsServer } from '../../helpers/nats-server.js';
import { scratchDirectory } from '../../helpers/scratch.js';
import { waitFor } from '../../helpers/wait.js';
import { FakeNode } from './fake-node.js';
import { connectTo, messageOf, openHub } from './hub.js';

t.test('a node that falls silent is said, and said to be back; others are not', async (t) => {
  const server = await startNatsServer(t);
  const hub = await openHub(t, server.url, scratchDirectory(t), { silentAfterMs: 3000 });
  const nats = await connectTo(t, server.url);
  const [quiet, lively] = [new FakeNode({ name: 'quiet' }), new FakeNode({ name: 'lively' })];
  const send = async (node: FakeNode): Promise<void> => {
    const { subject, data } = messageOf(node.many(1));
    await waitFor('the stream to take it', () =>
      nats
        .jetstream()
        .publish(subject, data)
        .then(
          () => true,
          () => false,
        ),
    );
  };
  await send(quiet);
  const found = (): unknown[] => hub.said.filter((one) => 'rule' in one);
  await waitFor('the finding', async () => {
    await send(lively);
    return found().length > 0;
  });
  await send(quiet);
  await waitFor('its return', () =>
    hub.said.some((one) => 'event' in one && one.event === 'node_back'),
  );
  t.match(found(), [{ rule: 'node.silent', summary: /^node quiet of tenant default / }]);
  t.equal(found().length, 1);
});

t.test('a gateway that lost its server accuses no node of that', async (t) => {
  const server = await startNatsServer(t);
  const hub = await openHub(t, server.url, scratchDirectory(t), { silentAfterMs: 2000 });
  const node = new FakeNode();
  const send = async (): Promise<void> => {
    const nats = await connectTo(t, server.url);
    const { subject, data } = messageOf(node.many(1));
    await waitFor('the stream to take it', () =>
      nats
        .jetstream()
        .publish(subject, data)
        .then(
          () => true,
          () => false,
        ),
    );
    await nats.close();
  };
  await send();
  await waitFor('the record', () => [...hub.nodes.openNodes()].some(({ size }) => size === 1n));
  await server.stop();
  await waitFor('the gateway to know', () => hub.link.state === 'connecting');
  const gone = Date.now();
  await waitFor('longer than a silence', () => Date.now() - gone > 4000);
  await server.restart();
  await send();
  await waitFor('the next record', () =>
    [...hub.nodes.openNodes()].some(({ size }) => size === 2n),
  );
  t.same(
    hub.said.filter((one) => 'rule' in one),
    [],
  );
});
