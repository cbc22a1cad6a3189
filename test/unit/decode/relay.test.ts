import t from 'tap';
import { decodeBatch } from '../../../src/decode/index.js';
import { WF_FD_RELAY, WF_TUPLE, WfKind } from '../../../src/decode/layout.gen.js';
import { batchOf, record } from '../../helpers/wire.js';

const key = { tgid: 100, startNs: 1_000n };
const user = { tgid: 200, startNs: 2_000n };

const named = ({ tgid, startNs }: typeof key): Uint8Array => {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, startNs, true);
  view.setUint32(8, tgid, true);
  return new Uint8Array(view.buffer);
};

const tuple = (family: number): Uint8Array => {
  const view = new DataView(new ArrayBuffer(WF_TUPLE.SIZE));
  view.setUint16(WF_TUPLE.family, family, true);
  view.setUint8(WF_TUPLE.protocol, 6);
  view.setUint16(WF_TUPLE.dst_port, 443, true);
  view.setUint32(WF_TUPLE.dst, 0x0a0071cb, true);
  return new Uint8Array(view.buffer);
};

const relay = (fields: Record<string, Uint8Array | bigint>): Uint8Array =>
  record(WfKind.FD_RELAY, WF_FD_RELAY, {
    header: { key },
    fields: {
      cookie: 77n,
      tuple: tuple(2),
      user: named(user),
      comm: Buffer.from('curl'),
      ...fields,
    },
  });

t.test('a relay names both sides, as far as they are known', (t) => {
  const known = relay({ opener: named(key), opener_root: named(key), user_root: named(user) });
  const { events, invalid } = decodeBatch(batchOf(known, relay({}), relay({ opener: named(key) })));
  t.same(invalid, []);
  t.match(events[0], {
    ...{ kind: 'fd_relay', key, cookie: 77n, comm: 'curl' },
    opener: { key, root: key },
    user: { key: user, root: user },
    tuple: { dstIp: '203.113.0.10', dstPort: 443, protocol: 'tcp' },
  });
  t.match(events[1], { opener: null, user: { key: user, root: null } });
  t.match(events[2], { opener: { key, root: null } });
  t.end();
});

t.test('odd bytes are counted', (t) => {
  const { invalid } = decodeBatch(
    batchOf(relay({ tuple: tuple(99) }), relay({ user: new Uint8Array(16) })),
  );
  t.same(
    invalid.map(({ reason }) => reason),
    ['unknown_value', 'unknown_value'],
  );
  const short = relay({}).slice(0, WF_FD_RELAY.SIZE - 8);
  new DataView(short.buffer).setUint32(44, short.length, true);
  t.match(decodeBatch(batchOf(short)).invalid, [{}]);
  t.end();
});
