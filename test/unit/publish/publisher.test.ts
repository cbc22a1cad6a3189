import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'nats';
import type { NatsConnection } from 'nats';
import t from 'tap';
import type { Test } from 'tap';
import { Journal } from '../../../src/journal/index.js';
import type { NatsLink } from '../../../src/nats/index.js';
import { CursorFile, Publisher } from '../../../src/publish/index.js';
import type { PublishEvent, PublisherOptions } from '../../../src/publish/index.js';
import { decodeRecord } from '../../../src/record/index.js';
import type { StoredRecord } from '../../../src/record/index.js';
import { redact } from '../../../src/redact/index.js';
import { decodeDelimited, parseSubject } from '../../../src/subject/index.js';
import { origin, stamp, valueOf } from '../../fixtures/golden/values.js';
import { openLink } from '../../helpers/nats-link.js';
import { startNatsServer } from '../../helpers/nats-server.js';
import type { NatsServer } from '../../helpers/nats-server.js';
import { scratchDirectory } from '../../helpers/scratch.js';
import { waitFor } from '../../helpers/wait.js';

interface Node {
  readonly journal: Journal;
  readonly journalDir: string;
  readonly stateDir: string;
  readonly link: NatsLink;
  readonly publisher: Publisher;
  readonly events: PublishEvent[];
  append(count: number, kind?: 'exec' | 'dns'): Promise<void>;
}

/** An event's id is derived from its number, and the server takes an id once. */
let nextEvent = 0n;

/** A node's journal and its publisher on a server. */
async function startNode(
  t: Test,
  url: string,
  stateDir: string,
  more: Partial<PublisherOptions> = {},
): Promise<Node> {
  const journalDir = join(stateDir, 'journal');
  const { journal } = Journal.open(journalDir);
  const link = openLink(t, url);
  const events: PublishEvent[] = [];
  const publisher = new Publisher({
    ...{ journalDir, stateDir, journal, link, tenant: 'default', node: 'node-1' },
    gatewayKey: null,
    rootAt: (size) => journal.rootAt(size),
    assembly: false,
    onEvent: (event) => events.push(event),
    ...more,
  });
  publisher.start();
  t.teardown(async () => {
    await publisher.stop();
    await journal.close();
  });
  const append = async (count: number, kind: 'exec' | 'dns' = 'exec'): Promise<void> => {
    for (let each = 0; each < count; each += 1) {
      nextEvent += 1n;
      const from = { ...origin, seq: nextEvent };
      journal.append(redact({ ...valueOf(kind), origin: from }, stamp));
    }
    await journal.flush();
  };
  return { journal, journalDir, stateDir, link, publisher, events, append };
}

interface Stored {
  readonly records: readonly StoredRecord[];
  readonly messages: number;
  readonly ids: readonly string[];
}

/** Every record that the stream holds, in its order. */
async function stored(t: Test, server: NatsServer): Promise<Stored> {
  const client: NatsConnection = await connect({ servers: server.url });
  t.teardown(() => client.close());
  const { streams } = await client.jetstreamManager();
  const { state } = await streams.info('WATCHFLOOR');
  const records: StoredRecord[] = [];
  const ids: string[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const message = await streams.getMessage('WATCHFLOOR', { seq });
    ids.push(message.header.get('Nats-Msg-Id'));
    const found = decodeDelimited(message.data);
    if (!found.ok) throw new Error(found.reason);
    for (const bytes of found.items) {
      const decoded = decodeRecord(bytes);
      if (!decoded.ok) throw new Error(decoded.reason);
      records.push(decoded.record);
      const subject = parseSubject(message.subject);
      if (subject?.node !== 'node-1') throw new Error(message.subject);
    }
  }
  await client.close();
  return { records, messages: ids.length, ids };
}

const seqs = ({ records }: Stored): bigint[] => records.map(({ seq }) => seq);
const upTo = (last: number): bigint[] => Array.from({ length: last }, (_, at) => BigInt(at + 1));
const allAcked = (node: Node, last: number): Promise<unknown> =>
  waitFor(`${last} records to be acknowledged`, () => node.publisher.stats().ackedSeq >= last);

t.test('what is committed is stored once, in order, several records a message', async (t) => {
  const server = await startNatsServer(t);
  const node = await startNode(t, server.url, scratchDirectory(t));
  await node.append(500);
  await allAcked(node, 500);
  await node.append(100, 'dns');
  await allAcked(node, 600);
  const found = await stored(t, server);
  t.same(seqs(found), upTo(600));
  t.ok(found.messages < 100, `${found.messages} messages`);
  t.ok(found.ids.every((id) => /^[0-9a-f-]{36}(\.\d+)?$/.test(id)));
  const { check, backlog, acked, rejected } = node.publisher.stats();
  t.match({ check, backlog, rejected }, { check: 'created', backlog: 0n, rejected: 0 });
  t.equal(acked, found.messages);
  t.same(node.events, []);
});

t.test('a server that is away costs nothing: all waits in the journal', async (t) => {
  const server = await startNatsServer(t);
  const node = await startNode(t, server.url, scratchDirectory(t), { times: { stalledMs: 300 } });
  await node.append(50);
  await allAcked(node, 50);
  await server.kill();
  await node.append(3000);
  const stall = await waitFor('the stall', () =>
    node.events.find((event) => event.event === 'stalled'),
  );
  t.ok(stall.afterMs >= 300 && stall.afterMs < 60_000, 'a duration, not a moment');
  t.equal(node.publisher.stats().backlog, 3000n);
  t.ok(node.publisher.stats().backlogAgeMs > 0);
  t.ok(node.publisher.stats().inFlight <= 256);
  await server.restart();
  await allAcked(node, 3050);
  t.same(seqs(await stored(t, server)), upTo(3050));
  t.same(
    node.events.map(({ event }) => event),
    ['stalled', 'resumed'],
    'each is said once',
  );
});

t.test('a publisher goes on where the one before it ended', async (t) => {
  const server = await startNatsServer(t);
  const stateDir = scratchDirectory(t);
  const first = await startNode(t, server.url, stateDir);
  await first.append(100);
  await first.publisher.stop();
  await first.journal.close();
  t.same(await new CursorFile(join(stateDir, 'publish/WATCHFLOOR.cursor')).read(), {
    state: 'ok',
    seq: 100n,
  });
  const second = await startNode(t, server.url, stateDir);
  await second.append(100);
  await allAcked(second, 200);
  t.same(seqs(await stored(t, server)), upTo(200));
  t.equal(second.publisher.stats().duplicates, 0, 'nothing was sent twice');
});

t.test('a cursor that cannot be used is said, and all is sent again', async (t) => {
  const server = await startNatsServer(t);
  const stateDir = scratchDirectory(t);
  const file = join(stateDir, 'publish/WATCHFLOOR.cursor');
  const cursor = new CursorFile(file);
  t.equal(await cursor.save(7n), true);
  writeFileSync(file, 'watchfloor cursor 1\n8\n0000000000000000\n');
  t.match(await cursor.read(), { state: 'damaged', reason: 'its checksum is wrong' });
  writeFileSync(file, 'x'.repeat(1000));
  t.match(await cursor.read(), { state: 'damaged', reason: 'it is no cursor' });
  await cursor.save(1000n);
  const node = await startNode(t, server.url, stateDir);
  await node.append(10);
  await allAcked(node, 10);
  t.match(node.events, [{ event: 'cursor', reason: 'it is ahead of the journal', from: 0n }]);
  t.same(seqs(await stored(t, server)), upTo(10));
});

t.test('a record above the limit of the server goes as its stub', async (t) => {
  const server = await startNatsServer(t, { config: 'max_payload: 1024' });
  const node = await startNode(t, server.url, scratchDirectory(t));
  const large = { ...valueOf('exec'), origin };
  const argv = Array.from({ length: 40 }, (_, at) => `--option-${at}=of-some-length`);
  node.journal.append(redact({ ...large, process: { ...large.process, argv } }, stamp));
  await node.append(3, 'dns');
  await allAcked(node, 4);
  const { records } = await stored(t, server);
  t.same(
    records.map(({ seq }) => seq),
    upTo(4),
  );
  const [stub, ...others] = records;
  t.match(stub, { kind: 'exec', agent: { id: 'demo/bots/curl' }, process: null });
  t.ok((stub?.stub?.bytes ?? 0n) > 1024n);
  t.equal(stub?.stub?.leafHash.length, 32);
  t.ok(others.every((record) => record.stub === null));
  t.equal(node.publisher.stats().stubs, 1);
  t.same(node.events, [], 'a stub is no refusal');
});

t.test('a limit of the stream is found out by trying', async (t) => {
  const server = await startNatsServer(t);
  const client = await connect({ servers: server.url });
  const { streams } = await client.jetstreamManager();
  await streams.add({ name: 'WATCHFLOOR', subjects: ['watchfloor.v1.>'], max_msg_size: 900 });
  await client.close();
  const node = await startNode(t, server.url, scratchDirectory(t));
  await node.append(20, 'dns');
  await allAcked(node, 20);
  const found = await stored(t, server);
  t.same(
    [...new Set(seqs(found))].sort((a, b) => Number(a - b)),
    upTo(20),
  );
  t.ok(found.messages > 5, 'no message is larger than the stream takes');
  t.match(node.events, [
    { event: 'stream', problems: [/max|keeps|takes/, /takes messages of 900/] },
  ]);
});

t.test('a full stream stops the queue, is said once and asked once a second', async (t) => {
  const server = await startNatsServer(t);
  const client = await connect({ servers: server.url });
  t.teardown(() => client.close());
  const { streams } = await client.jetstreamManager();
  const config = { name: 'WATCHFLOOR', subjects: ['watchfloor.v1.>'], discard: 'new' as never };
  await streams.add({ ...config, max_bytes: 100_000 });
  const node = await startNode(t, server.url, scratchDirectory(t));
  await node.append(600);
  await waitFor('the refusal', () => node.publisher.stats().refused);
  const tries = node.publisher.stats().rejected;
  await waitFor('more tries', () => node.publisher.stats().rejected >= tries + 2);
  t.match(node.publisher.stats().refused, /^full: maximum bytes exceeded/);
  t.equal(node.events.filter(({ event }) => event === 'rejected').length, 1);
  await streams.update('WATCHFLOOR', { ...config, max_bytes: 10_000_000 });
  await allAcked(node, 600);
  // A smaller message may have fitted where a larger one before it did not: the gateway puts them in order.
  const inOrder = seqs(await stored(t, server)).sort((a, b) => Number(a - b));
  t.same(inOrder, upTo(600), 'nothing is lost and nothing is there twice');
});

t.test('a node that may not publish says so and waits', async (t) => {
  const config = (publish: string): string =>
    `authorization { users: [{ user: "a", password: "b", permissions: { publish: [${publish}], subscribe: ">" } }] }
     no_auth_user: "a"`;
  const server = await startNatsServer(t, { config: config('"$JS.API.>"') });
  const node = await startNode(t, server.url, scratchDirectory(t));
  await node.append(10);
  await waitFor('the refusal', () => node.publisher.stats().refused);
  t.match(node.publisher.stats().refused, /^permission: publish of watchfloor\.v1\.record/);
  t.match(node.events, [{ event: 'rejected', reason: 'permission', seq: 1n }]);
  await server.restart({ config: config('">"') });
  await allAcked(node, 10);
});

t.test('without a stream nothing counts as sent; it is made when that is allowed', async (t) => {
  const config = (publish: string): string =>
    `authorization { users: [{ user: "a", password: "b", permissions: { publish: [${publish}], subscribe: ">" } }] }
     no_auth_user: "a"`;
  const some = '"watchfloor.>", "$JS.API.STREAM.INFO.>"';
  const server = await startNatsServer(t, { config: config(some) });
  const node = await startNode(t, server.url, scratchDirectory(t));
  await node.append(10);
  await waitFor('the refusal', () => node.publisher.stats().refused);
  t.match(node.publisher.stats(), { check: 'missing', ackedSeq: 0n, refused: /^no_stream/ });
  t.match(node.publisher.stats().problems, [/nats stream add WATCHFLOOR/]);
  await server.restart({ config: config(`${some}, "$JS.API.STREAM.CREATE.>"`) });
  await allAcked(node, 10);
  t.equal(node.publisher.stats().check, 'created');
});
