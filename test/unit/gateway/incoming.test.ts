import t from 'tap';
import { isOfShard, receive } from '../../../src/gateway/incoming.js';
import { encodeRecord } from '../../../src/record/index.js';
import { encodeDelimited } from '../../../src/subject/index.js';
import { FakeNode, NODE, TENANT } from './fake-node.js';
import { messageOf } from './hub.js';

const ALL = { index: 0, of: 1 };

t.test('a message gives the records of the node that its subject names', async (t) => {
  const node = new FakeNode();
  const { subject, data } = messageOf(node.many(3));
  const received = receive(subject, data, ALL);
  t.match(received, { ok: true, who: { tenant: TENANT, node: NODE }, refused: 0 });
  t.same(
    received.ok && received.records.map(({ seq, epoch, kind }) => [seq, epoch, kind]),
    [1n, 2n, 3n].map((seq) => [seq, 1, 'exec']),
  );
});

t.test(
  'a record that speaks for another node, or has no number, is refused and the rest stays',
  async (t) => {
    const node = new FakeNode();
    const { subject } = messageOf(node.many(1));
    const about = { eventId: 'x'.repeat(36), node: NODE, tenant: TENANT, seq: 5n };
    const items = [
      encodeRecord({ ...about, node: 'other' }),
      encodeRecord({ ...about, tenant: 'other' }),
      encodeRecord({ ...about, seq: 0n }),
      Buffer.from([0x0b, 0xff]),
      encodeRecord(about),
    ];
    const received = receive(subject, encodeDelimited(items), ALL);
    t.match(received, { ok: true, refused: 4 });
    t.equal(received.ok && received.records.length, 1);
  },
);

t.test('subjects and bodies that are none of ours are refused as what they are', async (t) => {
  const long = 'x'.repeat(65);
  const reasons = [
    ['watchfloor.v1.cosign.default.web-1', Buffer.alloc(1)],
    ['watchfloor.v1.record.default.web-1', Buffer.alloc(0)],
    ['other', Buffer.alloc(0)],
    [`watchfloor.v1.heartbeat.default.${long}`, Buffer.alloc(0)],
    ['watchfloor.v1.heartbeat.default.=', Buffer.alloc(0)],
    ['watchfloor.v1.heartbeat.default.web-1', Buffer.from([0xff, 0xff, 0xff, 0xff, 0x7f])],
    ['watchfloor.v1.heartbeat.default.web-1', Buffer.from([0x05, 0x01])],
  ] as const;
  t.same(
    reasons.map(([subject, data]) => {
      const received = receive(subject, data, ALL);
      return received.ok ? 'ok' : received.reason;
    }),
    ['other', 'subject', 'subject', 'subject', 'subject', 'body', 'body'],
  );
});

t.test('every node belongs to exactly one shard, and shards have about as many', async (t) => {
  const counts = [0, 0, 0, 0];
  for (let number = 0; number < 4000; number += 1) {
    const who = { tenant: TENANT, node: `node-${number}` };
    const shards = counts.flatMap((_, index) => (isOfShard(who, { index, of: 4 }) ? [index] : []));
    if (shards.length !== 1) t.fail(`node-${number} is of shards ${shards.join(' and ')}`);
    counts[shards[0]!]! += 1;
  }
  t.ok(
    counts.every((count) => count > 850 && count < 1150),
    counts.join(' '),
  );
  // printf 'default/web-1' | sha256sum: the first eight digits, modulo 4.
  const digits = { tenant: TENANT, node: NODE };
  t.equal(
    [0, 1, 2, 3].find((index) => isOfShard(digits, { index, of: 4 })),
    SHARD_OF_WEB_1,
  );
});

const SHARD_OF_WEB_1 = 0x96603d4d % 4;
