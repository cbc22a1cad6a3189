import t from 'tap';
import type { Agent } from '../../../src/agent/index.js';
import { BypassDetector } from '../../../src/bypass/index.js';
import type { FindingValue, NetInfo, ProcessInfo, TlsInfo } from '../../../src/event/index.js';
import type { Flow } from '../../../src/flow/index.js';
import { originAt, settings } from '../../helpers/events.js';

const SECOND = 1_000_000_000n;
const key = { tgid: 100, startNs: 5n };
const process: ProcessInfo = {
  ...{ pid: 100, startNs: 5n, ppid: 1, uid: 1000, exe: '/opt/agent', argv: ['agent'] },
  ...{ argvTruncated: false, cwd: '/', chain: [], bootstrap: false },
};
/** Nothing governs it: what is not read is said of every agent. */
const agent: Agent = {
  info: { id: 'acme/pay/bot', name: 'bot', session: 's-1', assurance: 'asserted' },
  root: key,
  governance: { proxy: 'none', sdk: 'none', exempt: [] },
  ...{ evidence: [], unsure: false, origin: originAt(), bootstrap: false },
};
const net: NetInfo = {
  ...{ proto: 'tcp', family: 'ipv4', srcIp: '10.0.0.2', srcPort: 40_000 },
  ...{ dstIp: '203.0.113.10', dstPort: 443, host: '203.0.113.10', hostSource: 'address' },
  result: 'established',
};
let flows = 0;
const flowTo = (to: Partial<NetInfo> = {}, more: Partial<Flow> = {}): Flow => ({
  ...{ id: `flow-${(flows += 1)}`, cookie: 1n, key, root: key, net: { ...net, ...to } },
  ...{ netns: 7, openedNs: 0n, pending: false, origin: originAt(), closed: false, ...more },
});
const proxy = { listen: '127.0.0.1:8899', user: 'aa-proxy', exe: '/usr/bin/aa-proxy' };
const pinned = { uid: 5, user: 'aa-proxy', exe: '/usr/bin/aa-proxy' };
const detectorOf = () => new BypassDetector(settings({ proxies: [proxy] }));
const OPAQUE = 'coverage.opaque_tls';
const opaque = (
  detector: BypassDetector,
  flow: Flow,
  tls: TlsInfo = { sni: 'site.example' },
  more: { untied?: number; sentBytes?: bigint } = {},
): readonly FindingValue[] =>
  detector.readings.opaque({
    ...{ agent, process, flow, tls, origin: originAt(SECOND), judgedNs: 3n * SECOND },
    ...{ sentBytes: 0n, untied: 0, ...more },
    coverage: { state: 'metadata', library: '', reason: 'no_known_stack' },
  });

t.test('opaque TLS is said with its name, destination, stack and wait', (t) => {
  const [finding, ...more] = opaque(detectorOf(), flowTo(), { sni: 'site.example', alpn: ['h2'] });
  t.same(more, []);
  t.match(finding, {
    ...{ claim: 'detected', severity: 'medium', part: OPAQUE, origin: { bootNs: SECOND } },
    ...{ net: { dstIp: '203.0.113.10', dstPort: 443 }, tls: { sni: 'site.example' } },
    finding: { rule: OPAQUE, waitedMs: 2000, summary: /site\.example:443/ },
  });
  t.match(finding?.finding.evidence, [
    /^tcp 10\.0\.0\.2/,
    'ClientHello for site.example',
    'offers h2',
    'of its process: no library, metadata, no_known_stack',
  ]);
  const [model] = opaque(detectorOf(), flowTo(), { sni: 'API.model.example' });
  t.equal(model?.severity, 'high');
  const [bare] = opaque(detectorOf(), flowTo(), { ech: true, quic: '1' }, { sentBytes: 900n });
  t.match(bare?.finding, {
    summary: /203\.0\.113\.10:443/,
    evidence: [
      /./,
      'ClientHello without a server name',
      /encrypted/,
      'QUIC version 1',
      /./,
      /^900/,
    ],
  });
  t.end();
});

t.test('opaque TLS: silent about the trusted proxy, and only about that one', (t) => {
  const toProxy = flowTo({ dstIp: '127.0.0.1', dstPort: 8899 });
  const play = (owner: typeof pinned | null | undefined): readonly FindingValue[] => {
    const detector = detectorOf();
    const hello = { change: 'hello', flow: toProxy, origin: originAt(), index: 0 } as const;
    const { commands } = detector.flow({ ...hello, sni: null, alpn: [] }, agent, process);
    t.match(commands, [{ do: 'look_up_listener', listen: proxy.listen }]);
    if (owner !== undefined) {
      detector.fact({
        fact: 'listener',
        ...{ listen: proxy.listen, netns: 7, near: key },
        seen: true,
        owner,
      });
    }
    return opaque(detector, toProxy);
  };
  t.same(play(pinned), []);
  t.match(play({ ...pinned, user: 'mallory' }), [{ claim: 'detected' }]);
  t.match(play(undefined), [{ claim: 'unmeasured' }], 'nobody could say who listens there');
  t.end();
});

t.test('opaque TLS: unmeasured when its plaintext may have been what is missing', (t) => {
  const claims = (
    lost: 'network' | 'payload' | null,
    atNs: bigint,
    flow = flowTo(),
    untied = 0,
  ) => {
    const detector = detectorOf();
    if (lost !== null) detector.lost(lost, atNs);
    return opaque(detector, flow, {}, { untied }).map(({ claim }) => claim);
  };
  t.same(claims('payload', 2n * SECOND), ['unmeasured']);
  t.same(claims('network', 2n * SECOND), ['unmeasured']);
  t.same(claims('payload', SECOND - 1n), ['detected'], 'a loss before the ClientHello');
  t.same(claims(null, 0n, flowTo({}, { pending: true })), ['unmeasured']);
  t.same(claims(null, 0n, flowTo(), 1), ['unmeasured']);
  t.end();
});

const ask = (
  detector: BypassDetector,
  host: string,
  tls: TlsInfo,
  more: { flow?: Flow; path?: string; method?: string } = {},
): readonly FindingValue[] => {
  const { flow = flowTo(), path = '/', method = 'GET' } = more;
  const http = { method, host, path, status: 0, version: '1.1' };
  return detector.readings.request({ agent, process, flow, http, tls, origin: originAt(SECOND) });
};

t.test('fronting: another host is asked for than the one that was called, once', (t) => {
  const detector = detectorOf();
  const flow = flowTo();
  const tls = { sni: 'cdn.example' };
  t.match(ask(detector, 'Hidden.Other.', tls, { flow }), [
    {
      ...{ claim: 'detected', severity: 'medium', part: 'bypass.fronting:hidden.other' },
      net: { host: 'hidden.other', hostSource: 'http_host' },
      finding: {
        rule: 'bypass.fronting',
        summary: 'bot called cdn.example and asked it for hidden.other',
      },
    },
  ]);
  t.same(ask(detector, 'hidden.other', tls, { flow }), []);
  t.equal(ask(detector, 'third.other', tls, { flow }).length, 1, 'another host');
  t.equal(ask(detector, 'hidden.other', tls).length, 1, 'another flow');
  t.match(ask(detector, 'api.model.example', tls), [{ severity: 'high' }]);
  t.match(ask(detector, 'www.cdn.example', tls), [{ severity: 'low' }], 'the same site');
  t.match(ask(detector, 'hidden.other', { ...tls, ech: true }), [{ claim: 'unmeasured' }]);
  t.end();
});

t.test('fronting: silent where there is one name, or the host is behind a proxy', (t) => {
  const detector = detectorOf();
  const tls = { sni: 'CDN.example.' };
  t.same(ask(detector, 'cdn.example', tls), []);
  t.same(ask(detector, 'cdn.example', {}), [], 'no server name');
  t.same(ask(detector, '', tls), [], 'no Host');
  t.same(ask(detector, 'other.example', tls, { method: 'CONNECT' }), []);
  t.same(ask(detector, 'other.example', tls, { path: 'http://other.example/' }), []);
  const flow = flowTo({ dstIp: '127.0.0.1', dstPort: 8899 });
  detector.fact({
    ...{ fact: 'listener', listen: proxy.listen, netns: 7, near: key, seen: true, owner: pinned },
  });
  t.same(ask(detector, 'other.example', tls, { flow }), [], 'the trusted proxy');
  t.end();
});

t.test('fronting: what was said is remembered within a limit', (t) => {
  const detector = detectorOf();
  const tls = { sni: 'cdn.example' };
  const flow = flowTo();
  for (let i = 0; i <= 16_384; i += 1) ask(detector, `h${i}.other`, tls, { flow });
  t.equal(ask(detector, 'h0.other', tls, { flow }).length, 1, 'the oldest was forgotten');
  t.equal(ask(detector, 'h9.other', tls, { flow }).length, 0);
  t.end();
});

t.test('exhausted: an agent has used up its share of probes', (t) => {
  const one = { agent, process, origin: originAt(SECOND), path: '/opt/x', limit: 128 };
  t.match(detectorOf().readings.exhausted(one), [
    {
      ...{ claim: 'detected', severity: 'medium', part: 'coverage.exhausted:s-1' },
      finding: { rule: 'coverage.exhausted', evidence: [/\/opt\/x/, /opaque_tls/] },
    },
  ]);
  t.end();
});
