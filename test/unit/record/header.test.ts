import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { decodeRecord, encodeRecord, readHeader } from '../../../src/record/index.js';

const golden = readdirSync('test/fixtures/golden')
  .filter((name) => name.endsWith('.bin'))
  .map((name) => readFileSync(`test/fixtures/golden/${name}`));

t.test('the header is what the whole record says', async (t) => {
  for (const bytes of golden) {
    const decoded = decodeRecord(bytes);
    if (!decoded.ok) throw new Error(decoded.reason);
    const { eventId, node, tenant, epoch, seq, kind, wallNs, agent } = decoded.record;
    t.same(readHeader(bytes), {
      ...{ eventId, node, tenant, epoch, seq, kind, wallNs },
      class: decoded.record.class,
      agentId: agent?.id ?? '',
    });
  }
  t.equal(readHeader(encodeRecord({ wallNs: -5n }))?.wallNs, -5n);
});

t.test('bytes that another reader could take for another record have no header', async (t) => {
  const record = encodeRecord({
    eventId: 'e',
    node: 'n',
    seq: 5n,
    kind: 'exec',
    agent: { id: 'a' },
  });
  t.equal(readHeader(record)?.agentId, 'a');
  const bad: readonly (readonly [string, Buffer])[] = [
    ['a second number', Buffer.concat([record, Buffer.from([0x30, 6])])],
    ['a number twice', Buffer.from([0x30, 5, 0x30, 6])],
    ['fields out of order', Buffer.from([0x30, 5, 0x0a, 1, 0x65])],
    ['another type', Buffer.from([0x32, 1, 5])],
    ['cut off', Buffer.from(record.subarray(0, -1))],
    ['an agent longer than it says', Buffer.from([0x82, 0x01, 1, 0x0a, 1, 0x61])],
    ['a length of 2 GiB', Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 7])],
    ['5 MiB', Buffer.alloc(5 << 20)],
  ];
  for (const [name, bytes] of bad) t.equal(readHeader(bytes), null, name);
});

t.test('random damage never throws', async (t) => {
  let state = 1;
  const random = (below: number): number => {
    state = (state * 48_271) % 0x7fffffff;
    return state % below;
  };
  for (const bytes of golden) {
    for (let round = 0; round < 500; round += 1) {
      const copy = Buffer.from(bytes);
      copy[random(copy.length)] = random(256);
      t.doesNotThrow(() => readHeader(copy));
    }
  }
});
