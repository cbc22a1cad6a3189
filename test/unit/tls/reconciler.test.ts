import t from 'tap';
import type { FlowStateEvent, ProcessKey, Tuple, WireHeadEvent } from '../../../src/event/index.js';
import { type HelloFlow, Reconciler } from '../../../src/tls/index.js';
import { baseOf, originAt } from '../../helpers/events.js';

const APP: ProcessKey = { tgid: 100, startNs: 1n };
const WORKER: ProcessKey = { tgid: 101, startNs: 2n };
const ns = (ms: number): bigint => BigInt(ms) * 1_000_000n;
const at = (ms: number) => originAt(ns(ms), BigInt(ms));
const tuple: Tuple = {
  ...{ family: 'ipv4', protocol: 'tcp', srcIp: '10.0.0.2', srcPort: 4000 },
  ...{ dstIp: '203.0.113.1', dstPort: 443 },
};
const flowOf = (id: string, more: Partial<HelloFlow> = {}): HelloFlow => ({
  id,
  cookie: BigInt(id.length),
  key: APP,
  net: { proto: 'tcp' },
  ...more,
});
const HELLO_BYTES = 300;

/** A reconciler with sessions tied by hand. */
class Scene {
  readonly ties = new Map<bigint, HelloFlow>();
  readable = true;
  readonly reconciler = new Reconciler<HelloFlow>(
    (_key, ssl) => this.ties.get(ssl) ?? null,
    () => this.readable,
  );
  wire(flow: HelloFlow, bytes: number[], original: number, offset: number, ms: number): void {
    const event: WireHeadEvent = {
      ...{ kind: 'wire_head', ...baseOf(flow.key, flow.key, ns(ms)), cookie: flow.cookie, tuple },
      ...{ original, offset, datagramBytes: 0, bytes: Uint8Array.from(bytes) },
    };
    this.reconciler.wire(event);
  }
  hello(flow: HelloFlow, ms: number): void {
    this.wire(flow, [22, 3, 1], HELLO_BYTES, 0, ms);
    this.reconciler.hello(flow, at(ms));
  }
  read(ssl: bigint, ms: number, key = APP): void {
    this.reconciler.plaintext({ key, ssl, origin: at(ms) });
  }
  close(flow: HelloFlow, sent: number, received: number, ms: number): void {
    const event: FlowStateEvent = {
      ...{ kind: 'flow_state', ...baseOf(flow.key, flow.key, ns(ms)), cookie: flow.cookie, tuple },
      ...{ state: 'closed', failed: false, error: 0 },
      ...{ bytesSent: BigInt(sent), bytesReceived: BigInt(received) },
    };
    this.reconciler.closed(event);
  }
  /** Ids of what is said at each of these moments. */
  said(...moments: number[]): string[] {
    return moments.flatMap((ms) =>
      this.reconciler.tick(ns(ms)).map(({ flow }) => `${ms} ${flow.id}`),
    );
  }
}

t.test(
  'a ClientHello without plaintext of a stack that is not read is said once, within 2 s',
  (t) => {
    const scene = new Scene();
    scene.readable = false;
    const flow = flowOf('a');
    scene.hello(flow, 100);
    t.same(scene.said(1000, 1849), []);
    const [opaque] = scene.reconciler.tick(ns(1850));
    t.match(opaque, { flow, origin: { bootNs: ns(100) }, judgedNs: ns(1850), untied: 0 });
    scene.close(flow, 9000, 9000, 1900);
    scene.reconciler.hello(flow, at(1900));
    t.same(scene.said(2000), []);
    t.match(scene.reconciler.stats(), { opaque: 1 });
    t.end();
  },
);

t.test('plaintext explains it, whenever its tie becomes known', (t) => {
  for (const when of ['before', 'after', 'late', 'freed'] as const) {
    const scene = new Scene();
    scene.readable = false;
    const flow = flowOf('a');
    if (when === 'before') {
      scene.ties.set(7n, flow);
      scene.read(7n, 99);
    }
    scene.hello(flow, 100);
    if (when === 'after') scene.ties.set(7n, flow);
    if (when !== 'before') scene.read(7n, 110);
    if (when === 'late') scene.ties.set(7n, flow);
    if (when === 'freed') {
      scene.ties.set(7n, flow);
      scene.reconciler.free(APP, 7n);
      scene.ties.clear();
    }
    t.same(scene.said(200, 1900, 9000), [], when);
    t.match(scene.reconciler.stats(), { opaque: 0, watched: 0 }, when);
  }
  t.end();
});

t.test('a session that goes on over another connection explains that one, too', (t) => {
  const scene = new Scene();
  scene.readable = false;
  const [first, second] = [flowOf('a'), flowOf('bb')];
  scene.ties.set(7n, first);
  scene.hello(first, 100);
  scene.read(7n, 110);
  scene.hello(second, 200);
  scene.ties.set(7n, second);
  scene.read(7n, 210);
  t.same(scene.said(300, 2500), []);
  t.end();
});

t.test('whoever writes explains the flow: a worker over the socket its parent opened', (t) => {
  const scene = new Scene();
  scene.readable = false;
  const flow = flowOf('a');
  scene.hello(flow, 100);
  scene.ties.set(9n, flow);
  scene.read(9n, 120, WORKER);
  scene.reconciler.exit(WORKER);
  scene.ties.clear();
  t.same(scene.said(2500), []);
  t.end();
});

t.test('an idle connection of a stack that is read says nothing until it moves something', (t) => {
  const scene = new Scene();
  const flow = flowOf('a');
  scene.hello(flow, 100);
  t.same(scene.said(1900, 60_000), [], 'a connection made ahead');
  scene.wire(flow, [20, 3, 3, 0, 1, 1, 22, 3, 3], 500, 300, 60_000);
  t.same(scene.said(60_900), [], 'a second ClientHello');
  scene.wire(flow, [20, 3, 3, 0, 1, 1, 23, 3, 3], 80, 300, 60_901);
  t.same(scene.said(61_000), [], 'the end of its handshake');
  scene.wire(flow, [23, 3, 3], 500, 380, 61_000);
  t.same(scene.said(61_400), [], 'its plaintext may come out of another ring');
  const [opaque] = scene.reconciler.tick(ns(61_501));
  t.match(opaque, { flow, sentBytes: 580n });
  const read = new Scene();
  read.hello(flow, 100);
  read.said(1900);
  read.ties.set(7n, flow);
  read.wire(flow, [23, 3, 3], 500, 380, 61_000);
  read.read(7n, 61_001);
  t.same(read.said(62_000), [], 'it was read');
  t.end();
});

t.test('so does the count of the kernel', (t) => {
  const scene = new Scene();
  const flow = flowOf('a');
  scene.hello(flow, 100);
  scene.said(1900);
  const update = { kind: 'flow_update', ...baseOf(APP, APP, ns(2000)) } as const;
  scene.reconciler.update({ ...update, cookie: 1n, tuple, datagrams: 1n, bytes: 100n });
  t.same(scene.said(2600), []);
  scene.reconciler.update({ ...update, cookie: 1n, tuple, datagrams: 3n, bytes: 400n });
  t.same(scene.said(2700, 3200), ['3200 a']);
  t.end();
});

t.test('at its close the bytes of a connection decide', (t) => {
  const closed = (sent: number, received: number, readable: boolean): string[] => {
    const scene = new Scene();
    scene.readable = readable;
    const flow = flowOf('a');
    scene.hello(flow, 100);
    if (readable) scene.said(1900);
    scene.close(flow, HELLO_BYTES + sent, received, readable ? 5000 : 150);
    return scene.said(1850, 5400, 5600);
  };
  t.same(closed(104, 3000, true), [], 'cut behind the handshake');
  t.same(closed(104, 3000, false), []);
  t.same(closed(0, 7, false), [], 'the server refused');
  t.same(closed(5000, 7, false), [], 'nobody answered what was sent');
  t.same(closed(250, 3000, true), ['5600 a'], 'a request went around the probes');
  t.same(closed(250, 3000, false), ['1850 a']);
  t.end();
});

t.test('QUIC is not read by any probe, whatever else its process maps', (t) => {
  const scene = new Scene();
  scene.reconciler.hello(flowOf('a', { net: { proto: 'udp' } }), at(100));
  t.same(scene.said(1850), ['1850 a']);
  t.end();
});

t.test('sessions that cannot be tied explain a flow only where none ever was', (t) => {
  const old = new Scene();
  old.readable = false;
  old.hello(flowOf('a'), 100);
  old.hello(flowOf('bb'), 100);
  old.read(7n, 150);
  t.same(old.said(1900), ['1900 bb'], 'one session, one flow');
  t.match(old.reconciler.stats(), { guessed: 1 });
  const fresh = new Scene();
  fresh.readable = false;
  const known = flowOf('ccc');
  fresh.ties.set(8n, known);
  fresh.hello(known, 90);
  fresh.read(8n, 95);
  fresh.hello(flowOf('a'), 100);
  fresh.read(7n, 150);
  const [opaque] = fresh.reconciler.tick(ns(1900));
  t.match(opaque, { flow: { id: 'a' }, untied: 1 }, 'said, and that there is a doubt');
  t.end();
});

t.test('a decoy session read before the ClientHello is no doubt', (t) => {
  const scene = new Scene();
  scene.readable = false;
  scene.read(7n, 50);
  scene.hello(flowOf('a'), 100);
  t.match(scene.reconciler.tick(ns(1900)), [{ untied: 0 }]);
  t.end();
});

t.test('tables are bounded', (t) => {
  const scene = new Scene();
  for (let i = 0; i < 16_500; i += 1) {
    const flow = flowOf(`f${i}`, { cookie: BigInt(i) });
    scene.wire(flow, [22, 3, 1], 10, 0, 100);
    scene.reconciler.hello(flow, at(100));
    scene.read(BigInt(i), 100);
  }
  for (let i = 20_000; i < 25_000; i += 1) {
    scene.wire(flowOf('x', { cookie: BigInt(i) }), [71], 10, 0, 100);
  }
  t.match(scene.reconciler.stats(), {
    ...{ watched: 16_384, evicted: 116, sessions: 16_384, sessionsEvicted: 116 },
  });
  scene.reconciler.exit(APP);
  scene.said(101);
  scene.said(6000);
  t.equal(scene.reconciler.stats().sessions, 0, 'ended ones are forgotten');
  t.end();
});
