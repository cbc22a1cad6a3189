import { connect } from 'nats';
import t from 'tap';
import { FaultGateway } from '../helpers/fault-gateway.js';
import { FaultNode, isThrough, NODE, TENANT } from '../helpers/fault-node.js';
import { report } from '../helpers/fault-result.js';
import { startNatsServer } from '../helpers/nats-server.js';
import { ALL_WELL } from '../helpers/oracle.js';

const ACTIONS = 500;
const ORIGIN = `${TENANT}.${NODE}`;
const RECORD = `watchfloor.v1.record.${ORIGIN}.activity.none`;
const LENGTH_DELIMITED = 2;

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
};
const field = (number: number, content: Buffer): Buffer =>
  Buffer.concat([varint(number * 8 + LENGTH_DELIMITED), varint(content.length), content]);
const framed = (record: Buffer): Buffer => Buffer.concat([varint(record.length), record]);

/** A call stack whose node holds a node, and so on: audit (15), call_stack (28), children (5). */
function deepRecord(depth: number): Buffer {
  let node: Buffer = Buffer.alloc(0);
  for (let level = 0; level < depth; level += 1) node = field(5, node);
  return field(15, field(28, node));
}

const BODIES: readonly (readonly [what: string, body: Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['a varint without end', Buffer.alloc(64, 0xff)],
  ['a length of 2 GiB', Buffer.concat([varint(2 ** 31), Buffer.from('ab')])],
  ['a length behind the end', Buffer.concat([varint(100), Buffer.from('ab')])],
  ['a length of zero, very often', Buffer.alloc(500_000)],
  ['a record that is none', framed(Buffer.from('this is no record'))],
  ['a group that never ends', framed(Buffer.alloc(10_000, 0x0b))],
  ['a call stack 10,000 deep', framed(deepRecord(10_000))],
  ['a megabyte of one byte', Buffer.alloc(1_000_000, 0x7f)],
];

t.test(
  'F19: bytes that are no records cost the gateway nothing, nor the node what is no answer',
  async (t) => {
    const server = await startNatsServer(t);
    const gateway = await FaultGateway.start(t, server.url);
    const node = await FaultNode.start(t, { url: server.url, gatewayKey: gateway.key });
    const anybody = await connect({ servers: server.url });
    t.teardown(() => anybody.close());
    await node.append(ACTIONS);
    for (const [what, body] of BODIES) {
      const tails = [
        RECORD,
        `watchfloor.v1.checkpoint.${ORIGIN}`,
        `watchfloor.v1.heartbeat.${ORIGIN}`,
      ];
      for (const subject of [...tails, `watchfloor.v1.cosign.${ORIGIN}`, 'watchfloor.v1.x']) {
        const { seq } = await anybody.jetstream().publish(subject, body);
        t.ok(seq > 0, `${what} on ${subject}`);
      }
      await node.append(10);
    }
    const stats = await node.reaches('all to be cosigned', isThrough, 60_000);
    t.equal(stats.cosignatures?.refused, BODIES.length, 'the node refused what is no answer');
    const judged = gateway.judge(node.committed);
    t.same(judged, ALL_WELL);
    t.equal((await gateway.verify()).code, 0, 'the copy is intact');
    report(t, 'F19', 'bytes that are no records, on every subject', node.committed, judged, [
      `${BODIES.length * 5} messages`,
      `${stats.cosignatures?.refused ?? 0} refused by the node`,
    ]);
  },
);
