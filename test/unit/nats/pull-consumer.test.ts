import { connect } from 'nats';
import t from 'tap';
import { NatsLink, PullConsumer } from '../../../src/nats/index.js';
import type { StreamMessage } from '../../../src/nats/index.js';
import type { Owner } from '../../helpers/children.js';
import { startNatsServer } from '../../helpers/nats-server.js';
import { waitFor } from '../../helpers/wait.js';
import type { NatsServer } from '../../helpers/nats-server.js';

async function openConsumer(t: Owner, server: NatsServer, maxBytes = 8 << 20) {
  const nothing = { credentialsFile: null, nkeyFile: null, tokenFile: null };
  const tls = { ca: null, cert: null, key: null };
  const link = NatsLink.open({ servers: [server.url], ...nothing, tls, clientName: 'test' });
  const notes: string[] = [];
  const options = {
    stream: 'S',
    durable: 'd',
    maxBytes,
    onNote: (text: string) => notes.push(text),
  };
  const consumer = new PullConsumer(link, options);
  t.teardown(async () => {
    consumer.close();
    await link.close();
  });
  /** Messages until there are so many. */
  const get = async (count: number): Promise<StreamMessage[]> => {
    const got: StreamMessage[] = [];
    while (got.length < count) got.push(...(await consumer.next()).messages);
    return got;
  };
  return { consumer, link, notes, get };
}

async function openStream(t: Owner, server: NatsServer) {
  const nats = await connect({ servers: server.url });
  t.teardown(() => nats.close());
  const manager = await nats.jetstreamManager();
  await manager.streams.add({ name: 'S', subjects: ['s.>'] });
  const put = async (bytes: number): Promise<void> => {
    await nats.jetstream().publish('s.a', Buffer.alloc(bytes, 1));
  };
  return { nats, manager, put };
}

const numbers = (messages: readonly StreamMessage[]): number[] =>
  messages.map((one) => one.streamSeq);

t.test('what was given and not acknowledged comes again at once to the next life', async (t) => {
  const server = await startNatsServer(t);
  const { put, manager } = await openStream(t, server);
  for (let at = 0; at < 6; at += 1) await put(10);
  const first = await openConsumer(t, server);
  const got = await first.get(6);
  t.same(numbers(got), [1, 2, 3, 4, 5, 6]);
  for (const message of got.slice(0, 2)) message.ack();
  await waitFor('the acks', async () => {
    const { ack_floor: floor } = await manager.consumers.info('S', 'd');
    return floor.stream_seq === 2;
  });
  first.consumer.close();
  await first.link.close();
  const second = await openConsumer(t, server);
  t.same(numbers(await second.get(4)), [3, 4, 5, 6]);
});

t.test(
  'a message larger than is taken is passed over and said, and what follows comes',
  async (t) => {
    const server = await startNatsServer(t);
    const { put } = await openStream(t, server);
    const { notes, consumer } = await openConsumer(t, server, 10_000);
    for (const bytes of [10, 20_000, 20]) await put(bytes);
    const got: StreamMessage[] = [];
    while (got.at(-1)?.streamSeq !== 3) {
      const { messages } = await consumer.next();
      for (const message of messages) message.ack();
      got.push(...messages);
    }
    t.same(numbers(got), [1, 3]);
    t.match(notes, [/more than 10000 bytes .* passed over/]);
  },
);

t.test('a stream that is deleted and made again is read again from its beginning', async (t) => {
  const server = await startNatsServer(t);
  const { manager, put } = await openStream(t, server);
  const { notes, get } = await openConsumer(t, server);
  await put(10);
  for (const message of await get(1)) message.ack();
  await manager.streams.delete('S');
  await manager.streams.add({ name: 'S', subjects: ['s.>'] });
  await put(20);
  t.same(
    (await get(1)).map(({ data }) => data.length),
    [20],
  );
  t.match(notes, [/made again/]);
});
