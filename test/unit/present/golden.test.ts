import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { toJson, toPretty } from '../../../src/present/index.js';
import { decodeRecord, encodeRecord } from '../../../src/record/index.js';
import type { StoredRecord } from '../../../src/record/index.js';
import { redact } from '../../../src/redact/index.js';
import { stamp, values } from '../../fixtures/golden/values.js';

const folder = 'test/fixtures/golden';
const schema = 'docs/schema/record.schema.json';
/** Written anew with TAP_SNAPSHOT=1, which is a decision: journals of yesterday hold the old bytes. */
const write = process.env['TAP_SNAPSHOT'] === '1';
const validate = new Ajv2020({ allErrors: true, strictTypes: false }).compile(
  JSON.parse(readFileSync(schema, 'utf8')) as object,
);

const decode = (bytes: Uint8Array): StoredRecord => {
  const decoded = decodeRecord(bytes);
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.record;
};

const golden = values.map((value, index) => {
  const { body } = redact(value, stamp);
  const bytes = encodeRecord({ ...body, epoch: 1, seq: BigInt(index + 1) });
  return { kind: value.kind, bytes: Buffer.from(bytes), json: `${toJson(decode(bytes))}\n` };
});

t.test('every kind gives the bytes and the line it always gave', async (t) => {
  for (const { kind, bytes, json } of golden) {
    const file = join(folder, kind);
    if (write) {
      writeFileSync(`${file}.bin`, bytes);
      writeFileSync(`${file}.json`, json);
    }
    t.ok(existsSync(`${file}.bin`), `${kind} has a golden file`);
    t.ok(readFileSync(`${file}.bin`).equals(bytes), `${kind}: bytes`);
    t.equal(json, readFileSync(`${file}.json`, 'utf8'), `${kind}: line`);
  }
});

t.test('every golden line fits the schema, and a key that is not in it does not', async (t) => {
  for (const { kind, json } of golden) {
    const line: unknown = JSON.parse(json);
    t.ok(validate(line), `${kind}: ${JSON.stringify(validate.errors)}`);
    t.notOk(validate({ ...(line as object), stray: 1 }), `${kind} with a stray key`);
    t.notOk(validate({ ...(line as object), v: 2 }), `${kind} of another version`);
  }
});

t.test('the schema knows what each kind carries', async (t) => {
  const carried = { exec: 'process', exit: 'exit', flow: 'net', dns: 'dns', tls_session: 'tls' };
  const more = { http: 'http', finding: 'finding', gap: 'gap', coverage: 'coverage' };
  for (const [kind, key] of Object.entries({ ...carried, ...more, heartbeat: 'heartbeat' })) {
    const { json } = golden.find((one) => one.kind === kind) ?? { json: '{}' };
    const line = JSON.parse(json) as { [key: string]: unknown };
    t.ok(line[key], `${kind} carries ${key}`);
    t.notOk(validate({ ...line, [key]: undefined }), `${kind} without ${key}`);
  }
});

t.test('the schema knows agents that agents started, whole or not at all', async (t) => {
  const { json } = golden.find(({ kind }) => kind === 'agent') ?? { json: '{}' };
  const line = JSON.parse(json) as { agent: { under: object }; process: object };
  const with_ = (under: object): object => ({ ...line, agent: { ...line.agent, under } });
  t.ok(validate(with_(line.agent.under)));
  for (const key of Object.keys(line.agent.under)) {
    t.notOk(validate(with_({ ...line.agent.under, [key]: undefined })), `without ${key}`);
  }
  t.notOk(validate(with_({ ...line.agent.under, depth: 0 })));
  t.notOk(validate({ ...line, process: { ...line.process, ns_pid: 0 } }));
});

t.test('every golden record also has a line for people', async (t) => {
  const lines = golden.map(({ bytes }) => toPretty(decode(bytes), { color: false }));
  if (write) writeFileSync(join(folder, 'pretty.txt'), `${lines.join('\n')}\n`);
  t.equal(lines.join('\n'), readFileSync(join(folder, 'pretty.txt'), 'utf8').trimEnd());
});

t.test('no golden file is left over from a kind that is gone', async (t) => {
  const expected = golden.flatMap(({ kind }) => [`${kind}.bin`, `${kind}.json`]);
  t.same(readdirSync(folder).sort(), [...expected, 'pretty.txt', 'values.ts'].sort());
});
