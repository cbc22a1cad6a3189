import t from 'tap';
import { Pipeline, type Step } from '../../../src/pipeline.js';
import { WfExecFlag, WfVerdict } from '../../../src/decode/layout.gen.js';
import type { AgentRule, Input, ProcessKey, TlsStack } from '../../../src/event/index.js';
import {
  execRecord,
  exitRecord,
  flowOpenRecord,
  flowStateRecord,
  type HeaderFields,
  tlsDataRecord,
  tlsFreeRecord,
  utf8,
  wireHeadRecord,
} from '../../helpers/wire.js';
import { settings } from '../../helpers/events.js';
import { batch, find, root } from '../../helpers/pipeline-steps.js';

const MS = 1_000_000n;
/** Nothing must govern it: what cannot be read is said of every agent. */
const bot: AgentRule = {
  id: 'acme/pay/bot',
  match: { exe: ['*/bot'] },
  governance: { proxy: 'none', sdk: 'none', exempt: [] },
};
const tuple = { src: '10.0.0.2', srcPort: 40_000, dst: '203.0.113.10', dstPort: 443 };
const libssl: TlsStack = {
  ...{ file: { dev: 8n, inode: 1n }, path: '/lib/libssl.so.3', library: 'openssl' },
  ...{ by: 'symbols', sites: [{ call: 'write', entry: 4096, returns: [] }] },
};

let seq = 0n;
const at = (ms: number, more: HeaderFields = {}): HeaderFields => ({
  ...{ key: root, root, bootNs: BigInt(ms) * MS, seq: (seq += 1n), ...more },
});
const tick = (ms: number): Input => ({
  ...{ input: 'tick', bootNs: BigInt(ms) * MS, wallNs: BigInt(ms) * MS },
});
const rules = (step: Step): string[] => find(step, 'finding').map(({ finding }) => finding.rule);
const OPAQUE = 'coverage.opaque_tls';

/** A ClientHello with a server name and nothing else (RFC 8446, section 4.1.2; RFC 6066, section 3). */
const clientHello = (sni: string): Buffer => {
  const name = Buffer.from(sni);
  const u16 = (value: number) => Buffer.from([value >> 8, value & 255]);
  const list = Buffer.concat([Buffer.from([0]), u16(name.length), name]);
  const extension = Buffer.concat([u16(0), u16(list.length + 2), u16(list.length), list]);
  const body = Buffer.concat([
    ...[u16(0x303), Buffer.alloc(32), Buffer.from([0]), u16(2), u16(0x1301)],
    ...[Buffer.from([1, 0]), u16(extension.length), extension],
  ]);
  const head = Buffer.concat([Buffer.from([1, 0]), u16(body.length)]);
  return Buffer.concat([Buffer.from([22, 3, 1]), u16(body.length + 4), head, body]);
};
const hello = clientHello('site.example');
const connect = (ms: number, cookie = 1n): Uint8Array[] => [
  flowOpenRecord(cookie, tuple, at(ms)),
  flowStateRecord({ cookie, tuple, from: 2, to: 1 }, at(ms)),
  wireHeadRecord({ cookie, tuple, bytes: hello }, at(ms + 1)),
];
const plain = (text: string, ms: number, more: Partial<Parameters<typeof tlsDataRecord>[0]> = {}) =>
  tlsDataRecord(
    { ssl: 7n, call: BigInt(ms), direction: 'write', bytes: utf8(text), cookie: 1n, ...more },
    at(ms),
  );
const close = (sent: number, received: number, ms: number, cookie = 1n): Uint8Array => {
  const bytes = { sent: BigInt(sent), received: BigInt(received) };
  return flowStateRecord({ cookie, tuple, from: 1, to: 7, ...bytes }, at(ms));
};
/** Their probes have the numbers 1, 2 ... */
const start = (stacks: readonly TlsStack[]): Pipeline => {
  const pipeline = new Pipeline(settings({ rules: [bot] }));
  const asks = { path: '/opt/bot', flags: WfExecFlag.ASKS_VERDICT };
  pipeline.step(batch(execRecord(asks, at(1, { verdict: WfVerdict.PENDING }))));
  pipeline.step({
    input: 'fact',
    fact: { fact: 'stacks', key: root, gone: false, stacks, pending: false, unreadable: [] },
  });
  for (const [i, { file, library }] of stacks.entries()) {
    const attached = { fact: 'attach', file, library, state: 'attached', bootNs: 2n * MS } as const;
    pipeline.step({ input: 'fact', fact: { ...attached, attachment: i + 1 } });
  }
  return pipeline;
};

t.test('a stack nobody knows is said with the name it called, once, within 2 s', (t) => {
  const pipeline = start([]);
  const first = pipeline.step(batch(...connect(100)));
  t.strictSame(rules(first), []);
  t.strictSame(rules(pipeline.step(tick(1800))), []);
  const step = pipeline.step(tick(1900));
  t.match(find(step, 'finding'), [
    {
      finding: { rule: OPAQUE },
      ...{ claim: 'detected', net: { dstIp: '203.0.113.10', srcPort: 40_000 } },
      ...{ tls: { sni: 'site.example' }, agent: { id: 'acme/pay/bot' }, process: { pid: 100 } },
    },
  ]);
  t.strictSame(rules(pipeline.step(batch(close(9000, 9000, 2000)))), []);
  t.strictSame(rules(pipeline.step(tick(9000))), []);
  t.match(pipeline.snapshot().activity.reconciled, { opaque: 1, watched: 0 });
  t.end();
});

t.test(
  'a client that is read is silent: at once, on a slow server, and when it ends early',
  (t) => {
    const request = 'GET / HTTP/1.1\r\nHost: site.example\r\n\r\n';
    const ended = start([libssl]);
    ended.step(
      batch(
        ...connect(100),
        plain(request, 110),
        tlsFreeRecord(7n, at(120)),
        exitRecord(0, at(130)),
      ),
    );
    ended.step(batch(close(9000, 9000, 140)));
    t.strictSame([...rules(ended.step(tick(2000))), ...rules(ended.step(tick(9000)))], []);
    const slow = start([libssl]);
    slow.step(batch(...connect(100)));
    t.strictSame(rules(slow.step(tick(2500))), [], 'its handshake is not over');
    slow.step(batch(plain(request, 6000)));
    slow.step(batch(close(9000, 9000, 7000)));
    t.strictSame(rules(slow.step(tick(9000))), []);
    const replaced = start([libssl]);
    replaced.step(batch(...connect(100), plain(request, 110)));
    replaced.step(batch(execRecord({ path: '/opt/bot' }, at(120))));
    t.strictSame(rules(replaced.step(tick(3000))), [], 'its image was replaced');
    t.end();
  },
);

t.test(
  'whoever goes around the probes of a stack that is read is said when it moved something',
  (t) => {
    const pipeline = start([libssl]);
    pipeline.step(batch(...connect(100)));
    t.strictSame(rules(pipeline.step(tick(2500))), []);
    pipeline.step(batch(close(hello.length + 700, 4000, 3000)));
    t.strictSame(rules(pipeline.step(tick(3300))), [], 'plaintext comes out of another ring');
    const step = pipeline.step(tick(3600));
    t.match(find(step, 'finding'), [{ finding: { rule: OPAQUE, waitedMs: 3499 } }]);
    t.end();
  },
);

t.test('a request for another host than the one that was called is fronting', (t) => {
  const pipeline = start([libssl]);
  const ask = (host: string, ms: number) =>
    pipeline.step(batch(plain(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, ms)));
  pipeline.step(batch(...connect(100)));
  t.strictSame(rules(ask('site.example', 110)), []);
  t.strictSame(rules(ask('hidden.example', 120)), ['bypass.fronting']);
  t.strictSame(rules(ask('hidden.example', 130)), []);
  t.end();
});

t.test(
  'a request names the stack it was read through, a handshake none where it may be two',
  (t) => {
    const gnutls: TlsStack = {
      ...{ ...libssl, file: { dev: 8n, inode: 2n } },
      ...{ path: '/lib/libgnutls.so.30', library: 'gnutls' },
    };
    const libraries = (pipeline: Pipeline, attachment: number): (string | undefined)[] => {
      const said = pipeline.step(batch(...connect(100)));
      const asked = plain('GET / HTTP/1.1\r\nHost: site.example\r\n\r\n', 110, { attachment });
      const answer = { direction: 'read', call: 111n, attachment } as const;
      const step = pipeline.step(batch(asked, plain('HTTP/1.1 204 OK\r\n\r\n', 120, answer)));
      const again = pipeline.step(batch(...connect(200, 2n)));
      const all = [said, step, again].flatMap(({ values }) => values);
      return all.flatMap((value) =>
        value.kind === 'http' || value.kind === 'tls_session' ? [value.tls?.library] : [],
      );
    };
    t.strictSame(libraries(start([gnutls, libssl]), 2), [undefined, 'openssl', 'openssl']);
    t.strictSame(libraries(start([gnutls, libssl]), 1), [undefined, 'gnutls', 'gnutls']);
    t.strictSame(libraries(start([gnutls, libssl]), 0), [undefined, undefined, undefined]);
    t.strictSame(libraries(start([libssl]), 0), ['openssl', 'openssl', 'openssl'], 'not told');
    t.end();
  },
);

t.test('two sessions at once through two stacks keep their own', (t) => {
  const pipeline = start([{ ...libssl, library: 'gnutls' }, libssl]);
  pipeline.step(batch(...connect(100), ...connect(101, 2n)));
  const ask = (path: string, ms: number, ssl: bigint) =>
    plain(`GET /${path} HTTP/1.1\r\nHost: site.example\r\n\r\n`, ms, {
      ...{ ssl, cookie: ssl, attachment: Number(ssl) },
    });
  pipeline.step(batch(ask('one', 110, 1n), ask('two', 111, 2n)));
  const step = pipeline.step(tick(11_000));
  t.same(
    find(step, 'http').map(({ http, tls }) => [http.path, tls?.library]),
    [
      ['/one', 'gnutls'],
      ['/two', 'openssl'],
    ],
  );
  t.end();
});

t.test('a process is not blind for a stack that is refused beside one that is read', (t) => {
  const aws: TlsStack = { ...libssl, library: 'aws-lc', path: '/opt/bot' };
  const ring = { path: '/opt/bot', reason: 'inlined', library: 'ring' } as const;
  const found = { fact: 'stacks', key: root, gone: false, pending: false } as const;
  const pipeline = start([]);
  pipeline.step({ input: 'fact', fact: { ...found, stacks: [aws], unreadable: [ring] } });
  const tls = (ms: number, cookie: bigint) =>
    find(pipeline.step(batch(...connect(ms, cookie))), 'tls_session').map((value) => value.tls);
  t.equal(tls(100, 1n)[0]?.coverage, undefined, 'its probes are on their way');
  const attached = { fact: 'attach', state: 'attached', attachment: 1, bootNs: 3n * MS } as const;
  const { file, library } = aws;
  pipeline.step({ input: 'fact', fact: { ...attached, file, library } });
  t.match(tls(200, 2n), [{ library: 'aws-lc', coverage: 'plaintext' }]);
  t.match(
    pipeline.coverage().map(({ coverage }) => [coverage.library, coverage.state]),
    [
      ['aws-lc', 'plaintext'],
      ['ring', 'blind'],
    ],
  );
  t.match(pipeline.snapshot().activity.stacks.coverage, { plaintext: 1, blind: 0 });
  t.end();
});

const { file, library } = libssl;

t.test('probes that a process took away are a finding about its agent', (t) => {
  const pipeline = start([libssl]);
  const look = (ms: number, key: ProcessKey): Step => {
    pipeline.step(tick(ms));
    const altered = [{ offset: 4096, flaw: 'restored' as const }];
    const answer = { key, file, library, state: 'altered', checked: 1, altered } as const;
    return pipeline.step({ input: 'fact', fact: { fact: 'probes', answers: [answer] } });
  };
  t.strictSame(rules(look(10_000, root)), [], 'one look may have met a mapping in the making');
  const step = look(11_000, root);
  t.match(find(step, 'finding'), [
    {
      ...{ agent: { id: 'acme/pay/bot' }, process: { pid: 100 }, claim: 'detected' },
      finding: { rule: 'sensor.tamper', evidence: [/libssl/] },
    },
  ]);
  t.match(find(step, 'coverage'), [{ coverage: { reason: 'tampered' } }]);
  t.strictSame(rules(look(14_000, root)), [], 'once');
  t.end();
});

t.test('a stack that is left alone for a while is said once for each agent that maps it', (t) => {
  const pipeline = start([libssl]);
  const child: ProcessKey = { tgid: 101, startNs: 2_000n };
  pipeline.step(batch(execRecord({ path: '/bin/sh' }, at(3, { key: child }))));
  pipeline.step({
    input: 'fact',
    fact: {
      ...{ fact: 'stacks', key: child, gone: false, stacks: [libssl] },
      ...{ pending: false, unreadable: [] },
    },
  });
  let calls = 0;
  const steps = Array.from({ length: 14 }, (_, i) => {
    pipeline.step(tick(10_000 + i * 1000));
    const hits = [{ file, library, calls: (calls += 200_000) }];
    const bootNs = BigInt(10_000 + i * 1000) * MS;
    return pipeline.step({ input: 'fact', fact: { fact: 'hits', bootNs, hits } });
  });
  t.strictSame(steps.flatMap(rules), ['coverage.reduced']);
  t.match(
    steps.flatMap(({ commands }) => commands),
    [{ do: 'detach', file, library }],
  );
  t.end();
});

t.test('coverage is a row for each stack of a living process', (t) => {
  const other: TlsStack = { ...libssl, library: 'aws-lc', path: '/opt/bot' };
  const pipeline = start([libssl, other]);
  t.match(
    pipeline
      .coverage()
      .map(({ agent, process, coverage }) => [agent.id, process.pid, coverage.library]),
    [
      ['acme/pay/bot', 100, 'openssl'],
      ['acme/pay/bot', 100, 'aws-lc'],
    ],
  );
  pipeline.step(batch(exitRecord(0, at(10))));
  t.strictSame(pipeline.coverage(), []);
  t.end();
});

t.test('an agent that brings more stacks than are probed is said', (t) => {
  const pipeline = start([]);
  const stacks = Array.from({ length: 129 }, (_, i) => ({
    ...{ ...libssl, path: `/tmp/${i}`, file: { dev: 8n, inode: BigInt(100 + i) } },
  }));
  const fact = {
    fact: 'stacks',
    key: root,
    gone: false,
    stacks,
    pending: false,
    unreadable: [],
  } as const;
  const step = pipeline.step({ input: 'fact', fact });
  t.strictSame(rules(step), ['coverage.exhausted']);
  t.match(find(step, 'coverage'), [{ coverage: { state: 'blind', reason: /^exhausted/ } }]);
  t.end();
});
