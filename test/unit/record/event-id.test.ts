import { createHash } from 'node:crypto';
import t from 'tap';
import { deriveEventId } from '../../../src/record/index.js';
import type { EventOrigin } from '../../../src/record/index.js';

const origin: EventOrigin = {
  node: 'node-1',
  bootId: 'boot-1',
  ring: 'lifecycle',
  cpu: 3,
  seq: 41n,
  part: 'exec',
};
const wallNs = 1_763_690_077_124_458_792n;

t.test('the id is a UUIDv7 of the time of the event', async (t) => {
  const id = deriveEventId(wallNs, origin);
  t.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  t.equal(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16), 1_763_690_077_124);
  t.equal(id, deriveEventId(wallNs, { ...origin }), 'and always the same');
});

t.test('its other bits are the documented hash', async (t) => {
  const text = '6:node-1,6:boot-1,9:lifecycle,1:3,2:41,4:exec,';
  const digest = createHash('sha256').update(text).digest('hex');
  const bits = deriveEventId(wallNs, origin).replaceAll('-', '').slice(13);
  t.equal(bits.slice(0, 3), digest.slice(0, 3));
  t.equal(bits.slice(4), digest.slice(4, 19));
});

t.test('another part of the origin is another id, however the parts are cut', async (t) => {
  const origins: EventOrigin[] = [
    origin,
    { ...origin, node: 'node-2' },
    { ...origin, bootId: 'boot-2' },
    { ...origin, ring: 'network' },
    { ...origin, cpu: 4 },
    { ...origin, seq: 42n },
    { ...origin, part: 'exit' },
    { ...origin, cpu: 34, seq: 1n },
    { ...origin, node: 'node-16:boot', bootId: '-1' },
    { ...origin, node: 'node-1,6:boot-1', bootId: '' },
    { ...origin, node: 'nöde' },
  ];
  t.equal(new Set(origins.map((one) => deriveEventId(wallNs, one))).size, origins.length);
});

t.test('a time before 1970 or beyond 48 bits still gives an id', async (t) => {
  for (const time of [-1_000_000n, 0n, 2n ** 63n - 1n]) {
    t.match(deriveEventId(time, origin), /^[0-9a-f-]{36}$/);
  }
});
