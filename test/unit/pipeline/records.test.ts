import t from 'tap';
import { WfExecFlag, WfLayer, WfVerdict } from '../../../src/decode/layout.gen.js';
import type { AgentRule, Input } from '../../../src/event/index.js';
import { Pipeline, type Step } from '../../../src/pipeline.js';
import { settings } from '../../helpers/events.js';
import { SECOND, at, batch } from '../../helpers/pipeline-steps.js';
import {
  execRecord,
  flowOpenRecord,
  flowStateRecord,
  tlsDataRecord,
  tlsSendRecord,
  utf8,
} from '../../helpers/wire.js';

const bot: AgentRule = {
  id: 'acme/pay/bot',
  match: { exe: ['*/bot'] },
  governance: { proxy: 'none', sdk: 'none', exempt: [] },
};
const request = 'GET /v1/models HTTP/1.1\r\nHost: api.model.example\r\n\r\n';
const response = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

const tupleOf = (port: number) => ({
  src: '10.0.0.2',
  srcPort: port,
  dst: '203.0.113.10',
  dstPort: 443,
});

/** An agent with two connections. */
function scene(): Pipeline {
  const pipeline = new Pipeline(settings({ rules: [bot] }));
  const exec = { path: '/opt/bot', flags: WfExecFlag.ASKS_VERDICT };
  pipeline.step(batch(execRecord(exec, at(1n, { verdict: WfVerdict.PENDING }))));
  for (const cookie of [1n, 2n]) {
    const tuple = tupleOf(40_000 + Number(cookie));
    pipeline.step(
      batch(
        flowOpenRecord(cookie, tuple, at(2n)),
        flowStateRecord({ cookie, tuple, from: 2, to: 1 }, at(3n)),
      ),
    );
  }
  return pipeline;
}

const wrote = (ssl: bigint, bytes: string, ns: bigint, layer: number = WfLayer.RECORD) =>
  tlsDataRecord({ ssl, call: ns, direction: 'write', bytes: utf8(bytes), layer }, at(ns));
const sent = (ssl: bigint, cookie: bigint, ns: bigint) =>
  tlsSendRecord({ ssl, call: ns, cookie, plain: 60, sent: 82 }, at(ns));
const read = (ssl: bigint, bytes: string, lastReceive: bigint, ns: bigint) =>
  tlsDataRecord(
    { ssl, call: ns, direction: 'read', bytes: utf8(bytes), layer: WfLayer.RECORD, lastReceive },
    at(ns),
  );
const https = (step: Step): unknown[] =>
  step.values.flatMap((value) =>
    value.kind === 'http' ? [[value.http.path, value.http.status, value.net?.srcPort]] : [],
  );

t.test('the two directions of a socket are one exchange, each on its own flow', async (t) => {
  const pipeline = scene();
  t.same(https(pipeline.step(batch(wrote(11n, request.replace('models', 'one'), 10n)))), []);
  pipeline.step(batch(wrote(12n, request.replace('models', 'two'), 11n), sent(12n, 2n, 12n)));
  pipeline.step(batch(sent(11n, 1n, 13n)));
  t.same(https(pipeline.step(batch(read(22n, response, 2n, 20n)))), [['/v1/two', 200, 40_002]]);
  t.same(https(pipeline.step(batch(read(21n, response, 1n, 21n)))), [['/v1/one', 200, 40_001]]);
});

t.test('a padded record reads like any other', async (t) => {
  const pipeline = scene();
  const padded = `${request}\x17\0\0\0`;
  pipeline.step(batch(wrote(11n, padded, 10n, WfLayer.INNER), sent(11n, 1n, 11n)));
  const step = pipeline.step(batch(read(21n, response, 1n, 20n)));
  t.same(https(step), [['/v1/models', 200, 40_001]]);
});

t.test('what is never sent is told all the same', async (t) => {
  const pipeline = scene();
  pipeline.step(batch(wrote(11n, request, 10n)));
  const tick = (bootNs: bigint): Input => ({ input: 'tick', bootNs, wallNs: bootNs });
  const told = [3n, 20n].flatMap((seconds) => https(pipeline.step(tick(seconds * SECOND))));
  t.same(told, [['/v1/models', 0, undefined]]);
});
