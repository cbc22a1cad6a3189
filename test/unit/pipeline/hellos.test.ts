import t from 'tap';
import { WfExecFlag, WfVerdict } from '../../../src/decode/layout.gen.js';
import type { AgentRule } from '../../../src/event/index.js';
import { Pipeline } from '../../../src/pipeline.js';
import { settings } from '../../helpers/events.js';
import { at, batch, find } from '../../helpers/pipeline-steps.js';
import { execRecord, flowOpenRecord, flowStateRecord, wireHeadRecord } from '../../helpers/wire.js';
import { cryptoFrame, dnsQuery, clientHello, helloMessage, initialPacket } from '../flow/wire.js';

/** What the first packets of flows make known. */

const bot: AgentRule = {
  id: 'acme/pay/bot',
  match: { exe: ['*/bot'] },
  governance: { proxy: 'none', sdk: 'none', exempt: [] },
};
const TCP = { src: '10.0.0.2', srcPort: 40_000, dst: '203.0.113.10', dstPort: 443 };
const UDP = { ...TCP, protocol: 17 };

function withBot(): Pipeline {
  const pipeline = new Pipeline(settings({ rules: [bot] }));
  const asks = { path: '/opt/bot', flags: WfExecFlag.ASKS_VERDICT };
  pipeline.step(batch(execRecord(asks, at(1n, { verdict: WfVerdict.PENDING }))));
  return pipeline;
}

t.test('a hello over two segments is one session, with what it shows of its client', (t) => {
  const pipeline = withBot();
  const bytes = clientHello({ sni: 'dns.google', alpn: ['h2'], padding: 900, empty: [0xfe0d] });
  const step = pipeline.step(
    batch(
      flowOpenRecord(9n, TCP, at(2n)),
      flowStateRecord({ cookie: 9n, tuple: TCP, from: 2, to: 1 }, at(3n)),
      wireHeadRecord({ cookie: 9n, tuple: TCP, bytes: bytes.subarray(0, 600) }, at(4n)),
      wireHeadRecord({ cookie: 9n, tuple: TCP, bytes: bytes.subarray(600), offset: 600 }, at(5n)),
    ),
  );
  t.match(find(step, 'tls_session'), [
    {
      net: { host: 'dns.google', hostSource: 'sni' },
      tls: { sni: 'dns.google', alpn: ['h2'], ja4: /^t12d0303h2_/, ech: true, nameService: 'doh' },
    },
  ]);
  t.equal(find(step, 'tls_session')[0]?.tls.quic, undefined);
  t.end();
});

t.test('a session in QUIC is told with its name', (t) => {
  const pipeline = withBot();
  const bytes = initialPacket({
    destination: Buffer.alloc(8, 1),
    frames: cryptoFrame(0, helloMessage({ sni: 'api.example', alpn: ['h3'] })),
  });
  const step = pipeline.step(
    batch(
      flowOpenRecord(9n, UDP, at(2n)),
      wireHeadRecord({ cookie: 9n, tuple: UDP, bytes }, at(3n)),
    ),
  );
  t.match(find(step, 'tls_session'), [
    {
      net: { proto: 'udp', host: 'api.example', hostSource: 'sni' },
      tls: { sni: 'api.example', alpn: ['h3'], quic: '1', ja4: /^q12d0302h3_/ },
    },
  ]);
  t.end();
});

t.test('two questions in one segment are two records', (t) => {
  const pipeline = withBot();
  const tuple = { ...TCP, dstPort: 53 };
  const framed = ['a.test', 'b.test'].flatMap((name) => {
    const query = dnsQuery(name);
    return [Buffer.from([0, query.length]), query];
  });
  const step = pipeline.step(
    batch(
      flowOpenRecord(9n, tuple, at(2n)),
      wireHeadRecord({ cookie: 9n, tuple, bytes: Buffer.concat(framed) }, at(3n)),
    ),
  );
  const asked = find(step, 'dns');
  t.same(
    asked.map(({ question }) => question),
    ['a.test', 'b.test'],
  );
  t.equal(new Set(asked.map(({ part }) => part)).size, 2, 'each has an id of its own');
  t.end();
});
