import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { WfLimits } from '../../src/decode/layout.gen.js';
import { FlowTable, tlsOfFlow } from '../../src/flow/index.js';
import { compileTrigger } from '../helpers/compile.js';
import { whyNoKernel } from '../helpers/environment.js';
import { watchKernel, type KernelWatch } from '../helpers/kernel.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { startSinkServer } from '../helpers/sink-server.js';
import {
  clientHello,
  cryptoFrame,
  dnsQuery,
  helloMessage,
  initialPacket,
  inRecords,
} from '../unit/flow/wire.js';

const skip = whyNoKernel() ?? false;
const LOOPBACK = '127.0.0.1';
const SNI = 'api.example.com';
const MESSAGE = helloMessage({ sni: SNI, alpn: ['h2'], padding: 6000, versions: [0x0304] });

const cut = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );

interface Sending {
  readonly way: 'tcp' | 'udp';
  readonly port: number;
  readonly address?: string;
  readonly pieces: readonly Uint8Array[];
  readonly gso?: number;
}

/** Sends as an agent. Gives the pid. */
async function send(t: Test, watch: KernelWatch, sending: Sending): Promise<number> {
  const { way, address = LOOPBACK, port, pieces, gso = 0 } = sending;
  const file = join(scratchDirectory(t), 'pieces');
  writeFileSync(file, pieces.map((piece) => `${Buffer.from(piece).toString('hex')}\n`).join(''));
  const more = gso === 0 ? [] : ['--gso', String(gso)];
  const program = compileTrigger('send-pieces');
  const [sent] = await watch.run<{ pid: number; sends: number }>([
    program,
    way,
    address,
    String(port),
    file,
    ...more,
  ]);
  if (sent?.sends !== pieces.length) throw new Error('not all was sent');
  await watch.ended(sent.pid);
  return sent.pid;
}

/** What the flow room makes of all that was told of a process. */
function heard(watch: KernelWatch, pid: number): string[] {
  const table = new FlowTable();
  return watch.of('wire_head', pid).flatMap((head) =>
    table.on(head).flatMap((change) => {
      if (change.change === 'dns') return [`${change.question} ${change.type}`];
      if (change.change !== 'hello') return [];
      const { quic = 'tcp', ja4 = '-' } = tlsOfFlow(change.flow);
      return [`${quic} ${change.sni ?? '-'} ${ja4.slice(0, 10)}`];
    }),
  );
}

const bytesTold = (watch: KernelWatch, pid: number): number =>
  watch.of('wire_head', pid).reduce((sum, { bytes }) => sum + bytes.length, 0);

async function listenUdp(t: Test, port: number, address = LOOPBACK): Promise<number> {
  const socket = createSocket('udp4').bind(port, address);
  await once(socket, 'listening');
  t.teardown(() => socket.close());
  return socket.address().port;
}

t.test(
  'egress: a ClientHello is told whole, however it is cut, and no more',
  { skip },
  async (t) => {
    const watch = watchKernel(t, []);
    const { port } = await startSinkServer(t, LOOPBACK);
    const whole = inRecords(MESSAGE, MESSAGE.length);
    const after = Buffer.alloc(3000, 0x17);
    const connect = Buffer.from('CONNECT a.test:443 HTTP/1.1\r\n\r\n');
    const ways: Record<string, { pieces: Buffer[]; told: number }> = {
      'one segment': { pieces: [Buffer.concat([whole, after])], told: whole.length },
      segments: { pieces: [...cut(whole, 400), after], told: whole.length },
      'a first byte alone': {
        pieces: [whole.subarray(0, 1), whole.subarray(1)],
        told: whole.length,
      },
      'in a tunnel': { pieces: [connect, whole, after], told: connect.length + whole.length },
    };
    const pids = new Map<string, number>();
    for (const [name, { pieces }] of Object.entries(ways)) {
      pids.set(name, await send(t, watch, { way: 'tcp', port, pieces }));
    }
    const records = cut(inRecords(MESSAGE, 900), 1000);
    const fragmented = await send(t, watch, { way: 'tcp', port, pieces: records });
    const endless = [clientHello({}).fill(0xff, 6, 9), ...cut(Buffer.alloc(60_000, 1), 10_000)];
    const flood = await send(t, watch, { way: 'tcp', port, pieces: endless });
    watch.stop();

    for (const [name, { told }] of Object.entries(ways)) {
      const pid = pids.get(name) ?? 0;
      t.same(heard(watch, pid), [`tcp ${SNI} t13d0303h2`], name);
      if (name !== 'a first byte alone') t.equal(bytesTold(watch, pid), told, `${name}: only that`);
    }
    t.same(heard(watch, fragmented), [`tcp ${SNI} t13d0303h2`], 'many records');
    t.ok(bytesTold(watch, flood) <= WfLimits.WIRE_STREAM_MAX, 'no more than the limit');
    t.same(watch.losses, []);
  },
);

t.test(
  'egress: QUIC Initials are told, and of a flow no more than the limit',
  { skip },
  async (t) => {
    const watch = watchKernel(t, []);
    const port = await listenUdp(t, 0);
    const message = helloMessage({ sni: SNI, alpn: ['h3'], padding: 1500, versions: [0x0304] });
    const destination = Buffer.from('8394c8f03e515708', 'hex');
    const initial = (version: 1 | 2, from: number, to: number): Buffer =>
      initialPacket({
        destination,
        version,
        number: from === 0 ? 0 : 1,
        frames: cryptoFrame(from, message.subarray(from, to)),
      });
    const ofVersion = (version: 1 | 2): Buffer[] => [
      initial(version, 0, 1100),
      initial(version, 1100, message.length),
    ];
    const other = [Buffer.alloc(1300, 0x41), Buffer.alloc(40, 0xc3)];
    const one = await send(t, watch, { way: 'udp', port, pieces: [...ofVersion(1), ...other] });
    const two = await send(t, watch, { way: 'udp', port, pieces: ofVersion(2) });
    const pieces = [Buffer.concat(ofVersion(1))];
    const gso = ofVersion(1)[0]?.length ?? 0;
    const joined = await send(t, watch, { way: 'udp', port, pieces, gso });
    const many = Array.from({ length: 40 }, () => initial(1, 0, 1100));
    const flood = await send(t, watch, { way: 'udp', port, pieces: many });
    watch.stop();

    t.same(heard(watch, one), [`1 ${SNI} q13d0303h3`]);
    t.equal(watch.of('wire_head', one).length, 2, 'other datagrams are not read');
    t.same(heard(watch, two), [`2 ${SNI} q13d0303h3`]);
    t.match(watch.of('wire_head', joined), [{ datagramBytes: gso }], 'many in one send');
    t.same(heard(watch, joined), [`1 ${SNI} q13d0303h3`]);
    t.equal(watch.of('wire_head', flood).length, WfLimits.WIRE_INITIALS_MAX);
    t.same(watch.losses, []);
  },
);

const DNS_PORT = 53;
const SERVER = '127.0.53.11';

t.test('egress: questions over TCP, and as musl asks them', { skip }, async (t) => {
  const watch = watchKernel(t, []);
  await listenUdp(t, DNS_PORT, SERVER);
  const queries = [dnsQuery('api.example.com'), dnsQuery('api.example.com', 28)];
  const framed = queries.map((query) => Buffer.concat([Buffer.from([0, query.length]), query]));
  const address = SERVER;
  const udp = await send(t, watch, { way: 'udp', address, port: DNS_PORT, pieces: queries });
  await startSinkServer(t, SERVER, DNS_PORT);
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = framed;
  const pieces = [first.subarray(0, 2), first.subarray(2), second];
  const tcp = await send(t, watch, { way: 'tcp', address, port: DNS_PORT, pieces });
  watch.stop();

  const asked = ['api.example.com A', 'api.example.com AAAA'];
  t.same(heard(watch, udp), asked, 'from a socket that is never connected');
  t.match(watch.of('flow_open', udp), [{ via: 'sendmsg', tuple: { dstIp: SERVER } }]);
  t.same(heard(watch, tcp), asked);
});
