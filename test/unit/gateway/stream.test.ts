import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readJournal } from '../../../src/journal/index.js';
import type { Incoming } from '../../../src/gateway/incoming.js';
import { encodeRecord } from '../../../src/record/index.js';
import { cosignSubject, encodeDelimited } from '../../../src/subject/index.js';
import { parseVkey, verifyCosignature, verifyNote } from '../../../src/tlog/index.js';
import { startNatsServer } from '../../helpers/nats-server.js';
import { scratchDirectory } from '../../helpers/scratch.js';
import { waitFor } from '../../helpers/wait.js';
import { FakeNode, NODE, TENANT } from './fake-node.js';
import { connectTo, directoryOf, messageOf, openHub } from './hub.js';

const bytesOf = (journal: string): Buffer[] =>
  [...readJournal(journal)].map((entry) => {
    if (!('bytes' in entry)) throw new Error(JSON.stringify(entry, (_, v) => String(v)));
    return Buffer.from(entry.bytes);
  });

/** Records in messages of up to 20 that share a subject, as a node packs them. */
function pack(records: readonly Incoming[]): Incoming[][] {
  const packed: Incoming[][] = [];
  for (const record of records) {
    const last = packed.at(-1);
    if (last && last.length < 20 && last[0]!.kind === record.kind) last.push(record);
    else packed.push([record]);
  }
  return packed;
}

/** The same for every run: a test that fails once fails again. */
function shuffler(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

t.test("copies are the nodes' journals, whatever order and number messages come in", async (t) => {
  const server = await startNatsServer(t);
  const stateDir = scratchDirectory(t);
  const hub = await openHub(t, server.url, stateDir);
  const nats = await connectTo(t, server.url);
  const random = shuffler(7);
  const fleet = ['web-1', 'web-2', 'db.main'].map((name) => {
    const node = new FakeNode({ name });
    while (node.records.length < 3334) {
      node.many(100);
      node.checkpoint();
    }
    const messages = pack(node.records).map(messageOf);
    const twice = messages.filter(() => random() < 0.2);
    // Each message is at most some places from where it belongs.
    const order = [...messages, ...twice]
      .map((message, index) => ({ message, at: (index % messages.length) + random() * 30 }))
      .sort((a, b) => a.at - b.at);
    return { name, node, messages: order.map(({ message }) => message) };
  });
  await waitFor('the stream', () => hub.link.state === 'connected');
  const js = nats.jetstream();
  await waitFor('a stream to publish to', async () =>
    js.publish('watchfloor.v1.cosign.none.none').then(
      () => true,
      () => false,
    ),
  );
  const all = fleet.flatMap(({ messages }) => messages.map((message, at) => ({ message, at })));
  all.sort((a, b) => a.at - b.at);
  for (const { message } of all) nats.publish(message.subject, message.data);
  await nats.flush();
  await waitFor('every record', () => {
    const open = [...hub.nodes.openNodes()];
    return fleet.every(({ name, node }) =>
      open.some((one) => one.who.node === name && one.size === BigInt(node.records.length)),
    );
  });
  const cosigned = fleet.map(({ node, name }) => ({
    node,
    file: join(
      directoryOf(stateDir, { tenant: TENANT, node: name.replace('.', '=2E') }),
      'journal',
      'cosigned',
    ),
  }));
  await waitFor('the last cosignatures', () =>
    cosigned.every(({ node, file }) => {
      const size = BigInt(node.records.length - 1);
      return existsSync(file) && readFileSync(file, 'utf8').split('\n')[1] === `${size}`;
    }),
  );
  await hub.close();
  t.equal(hub.intake.counts.conflicts, 0);
  t.equal(hub.intake.counts.dropped, 0);
  t.ok(hub.intake.counts.repeats > 500, `${hub.intake.counts.repeats} repeats came`);
  for (const { node, file } of cosigned) {
    t.same(
      bytesOf(join(file, '..')),
      node.records.map(({ bytes }) => Buffer.from(bytes)),
    );
    const note = readFileSync(file, 'utf8');
    t.ok(verifyNote(note, parseVkey(node.vkey)!), "the node's signature is there");
    t.ok(verifyCosignature(note, parseVkey(hub.witness.vkey)!), 'and the cosignature');
    const pinned = join(file, '..', '..', 'signer', 'vkey');
    t.equal(readFileSync(pinned, 'utf8').trim(), node.vkey);
  }
});

t.test('a gateway that starts again goes on, and repeats are none of its records', async (t) => {
  const server = await startNatsServer(t);
  const stateDir = scratchDirectory(t);
  const node = new FakeNode();
  const first = await openHub(t, server.url, stateDir);
  const nats = await connectTo(t, server.url);
  const journal = join(directoryOf(stateDir, { tenant: TENANT, node: NODE }), 'journal');
  const send = async (records: readonly Incoming[]): Promise<void> => {
    for (const packed of pack(records)) {
      const { subject, data } = messageOf(packed);
      await waitFor('the stream to take it', () =>
        nats
          .jetstream()
          .publish(subject, data)
          .then(
            () => true,
            () => false,
          ),
      );
    }
  };
  await send([...node.many(30), node.checkpoint()]);
  await waitFor('the cosignature', () => existsSync(join(journal, 'cosigned')));
  await first.close();
  await send(node.records);
  await send([...node.many(30), node.checkpoint()]);
  const second = await openHub(t, server.url, stateDir);
  await waitFor('the second cosignature', () =>
    readFileSync(join(journal, 'cosigned'), 'utf8').includes('\n61\n'),
  );
  await second.close();
  t.same(
    bytesOf(journal),
    node.records.map(({ bytes }) => Buffer.from(bytes)),
  );
  t.equal(
    second.intake.counts.repeats,
    31,
    'only what was sent again, nothing that was acknowledged',
  );
  t.same(second.said, [], 'a known node is not enrolled again');
});

t.test('what the broker or a node makes up is refused, and the rest goes on', async (t) => {
  const server = await startNatsServer(t);
  const stateDir = scratchDirectory(t);
  const hub = await openHub(t, server.url, stateDir);
  const nats = await connectTo(t, server.url);
  const node = new FakeNode();
  const [record] = node.many(1) as [Incoming];
  const good = messageOf([record]);
  const foreign = encodeRecord({ eventId: 'x'.repeat(36), node: 'other', tenant: TENANT, seq: 1n });
  const bad: [string, Uint8Array][] = [
    [
      'watchfloor.v1.record.default.web-1.activity.none',
      Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]),
    ],
    ['watchfloor.v1.record.default.web-1.activity.none', Buffer.alloc(100, 0x80)],
    ['watchfloor.v1.record.default.web-1.activity.none', encodeDelimited([foreign])],
    ['watchfloor.v1.record.default.web-1.activity.none', encodeDelimited([Buffer.alloc(20, 0x0b)])],
    ['watchfloor.v1.record.default.=2E=2E.activity.none', encodeDelimited([foreign])],
    ['watchfloor.v1.record.=.=.activity.none', encodeDelimited([foreign])],
    ['watchfloor.v1.other', Buffer.alloc(0)],
  ];
  for (const [subject, data] of bad) {
    await waitFor('the stream to take it', () =>
      nats
        .jetstream()
        .publish(subject, data)
        .then(
          () => true,
          () => false,
        ),
    );
  }
  await nats.jetstream().publish(good.subject, good.data);
  await waitFor('the good one', () => [...hub.nodes.openNodes()].some(({ size }) => size === 1n));
  t.equal(hub.intake.counts.refusedMessages, bad.length);
  t.equal(hub.nodes.size, 1, 'no directory was made for anybody else');
  t.notOk(existsSync(join(stateDir, 'nodes', TENANT, '..', '..', 'journal')));
});

t.test('a broker that loses everything is filled again by the node', async (t) => {
  const server = await startNatsServer(t);
  const stateDir = scratchDirectory(t);
  const hub = await openHub(t, server.url, stateDir);
  const node = new FakeNode();
  const publish = async (records: readonly Incoming[]): Promise<void> => {
    const nats = await connectTo(t, server.url);
    for (const packed of pack(records)) {
      const { subject, data } = messageOf(packed);
      await waitFor('the stream to take it', () =>
        nats
          .jetstream()
          .publish(subject, data)
          .then(
            () => true,
            () => false,
          ),
      );
    }
    await nats.close();
  };
  await publish(node.many(10));
  await waitFor('ten records', () => [...hub.nodes.openNodes()].some(({ size }) => size === 10n));
  // Twenty more that were acknowledged and never arrived.
  node.many(20);
  await server.restart({ wiped: true });
  await publish([...node.many(5), node.checkpoint()]);
  await waitFor('a hole', () => [...hub.nodes.openNodes()].some(({ book }) => book.waiting === 6));
  await publish(node.records);
  await waitFor('everything', () => [...hub.nodes.openNodes()].some(({ size }) => size === 36n));
  await hub.close();
  t.same(
    bytesOf(join(directoryOf(stateDir, { tenant: TENANT, node: NODE }), 'journal')),
    node.records.map(({ bytes }) => Buffer.from(bytes)),
  );
  t.match(hub.said, [{ event: 'node_enrolled' }, { event: 'consumer', detail: /made again/ }]);
});

t.test("the newest cosignature is on the node's subject", async (t) => {
  const server = await startNatsServer(t);
  const stateDir = scratchDirectory(t);
  await openHub(t, server.url, stateDir);
  const nats = await connectTo(t, server.url);
  const node = new FakeNode();
  const got: string[] = [];
  nats.subscribe(cosignSubject(TENANT, NODE), {
    callback: (_error, message) => got.push(message.string()),
  });
  for (const packed of pack([
    ...node.many(4),
    node.checkpoint(),
    ...node.many(4),
    node.checkpoint(),
  ])) {
    const { subject, data } = messageOf(packed);
    await waitFor('the stream to take it', () =>
      nats
        .jetstream()
        .publish(subject, data)
        .then(
          () => true,
          () => false,
        ),
    );
  }
  await waitFor('a cosignature of the newest', () => got.some((note) => note.includes('\n9\n')));
  // The node asks by sending its checkpoint again.
  const seen = got.length;
  const again = messageOf(node.records.slice(-1));
  await nats.jetstream().publish(again.subject, again.data);
  await waitFor('the same once more', () => got.length > seen);
  t.equal(got.at(-1), got[seen - 1]);
});
