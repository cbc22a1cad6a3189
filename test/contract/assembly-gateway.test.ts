import { connect } from 'nats';
import t from 'tap';
import { Evaluation } from '../../src/evaluation.js';
import type { Value } from '../../src/event/index.js';
import { auditMessages } from '../../src/publish/assembly/index.js';
import { decodeRecord, encodeRecord } from '../../src/record/index.js';
import type { Given, StoredRecord } from '../../src/record/index.js';
import { readRecording } from '../../src/recording/index.js';
import { redact } from '../../src/redact/index.js';
import { process, stamp, valueOf, values } from '../fixtures/golden/values.js';
import { AssemblyGateway } from '../helpers/assembly-consumer.js';
import { Corrections, readBody, uuidV5 } from '../helpers/assembly-rows.js';
import { startNatsServer } from '../helpers/nats-server.js';

/** What that gateway would store of what a node sends, by way of a real broker. */

function stored(given: Given<StoredRecord>): StoredRecord {
  const decoded = decodeRecord(encodeRecord(given));
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.record;
}

/** Everything the recorded run had journaled. */
function recorded(): StoredRecord[] {
  const recording = readRecording('test/fixtures/recordings/demo.wfrec');
  if (!recording.ok) throw new Error(recording.reason);
  const evaluation = new Evaluation(recording.header.settings);
  return [...recording.entries()].flatMap((entry) => {
    if (entry.entry === 'value') return [stored(evaluation.store(entry.value).body)];
    if (entry.entry !== 'input') return [];
    return [...evaluation.step(entry.input).storables].map(({ body }) => stored(body));
  });
}

const HOSTILE = [
  ['curl', 'a\0b', '\0'],
  ['curl', 'x'.repeat(10_000)],
  ['curl', '\u{1f600}'.repeat(600), '\u202e', '\u2028'],
  ['curl', 'half \ud83d of a character', '\udc00'],
  ['curl', '-H', 'prompt: 1', '-H', 'Tool_Args: 2', '{"completion":{"packet_body":3}}'],
  ['curl', '"},{"event_id":"', '\\u0000', '\u0007\u001b[2J'],
];

/** The golden values, once as they are and once with each hostile command line. */
function golden(): StoredRecord[] {
  const hostile = HOSTILE.flatMap((argv, index) =>
    values.flatMap((value): Value[] => {
      if (!('process' in value)) return [];
      const exe = argv.join(' ');
      const of = { ...value.process, argv, exe, cwd: exe, chain: [{ pid: 1, exe }] };
      return [{ ...value, process: of, part: `${value.part}.${index}` }];
    }),
  );
  return [...values, ...hostile].map((value) => stored(redact(value, stamp).body));
}

const AUDITED = new Set('exec exit flow dns tls_session http agent finding gap'.split(' '));

t.test(
  'every finding and every deed becomes a row of its own, with every column right',
  async (t) => {
    const server = await startNatsServer(t);
    const gateway = await AssemblyGateway.start(t, server.url);
    const connection = await connect({ servers: server.url });
    t.teardown(() => connection.close());
    const records = [...recorded(), ...golden()];
    const audited = records.filter((record) => AUDITED.has(record.kind));
    t.ok(audited.length > 80, `${audited.length} records`);

    for (const { subject, id, body } of records.flatMap((record) => auditMessages(record))) {
      const ack = await connection.jetstream().publish(subject, body, { msgID: id });
      t.equal(ack.duplicate, false, 'no two messages share an id');
    }
    await gateway.consume(() => gateway.rows.size + gateway.collapsed >= audited.length);

    t.equal(gateway.rows.size, audited.length);
    t.equal(gateway.collapsed, 0, 'rows collapsed');
    t.equal(gateway.undecodable + gateway.refusedBatches, 0);
    const { defaults, unknownFields, bannedKeys } = gateway.corrections;
    t.same([...defaults], [], 'columns left to defaults');
    t.same([...unknownFields], [], 'unknown fields');
    t.same([...bannedKeys], [], 'deleted keys');
    for (const record of audited) {
      const row = gateway.rows.get(record.eventId);
      const id = record.agent?.id.split('/') ?? [record.tenant, '', record.node];
      t.match(row, {
        agent_id: id[0] === 'unregistered' ? id.join('/') : `${id[0] ?? ''}/${id[2] ?? ''}`,
        decision: ['finding', 'gap'].includes(record.kind) ? 'review' : 'allow',
        ts: new Date(Number(record.wallNs / 1_000_000n)).toISOString(),
      });
      t.match(row?.tool_name, /^(process|net|tls|http|agent|sensor)\.[a-z]+ ./);
      t.equal(row?.tool_name.includes(`(${record.finding?.rule ?? ''})`), record.finding !== null);
    }
  },
);

t.test('heartbeats are signs of life and no rows', async (t) => {
  const server = await startNatsServer(t);
  const gateway = await AssemblyGateway.start(t, server.url);
  const connection = await connect({ servers: server.url });
  t.teardown(() => connection.close());
  const agentIds = ['acme/payments/billing-bot', 'acme/support/helper', 'unregistered/root/codex'];
  const { body } = redact(valueOf('heartbeat'), stamp);
  const messages = auditMessages(stored({ ...body, heartbeat: { ...body.heartbeat, agentIds } }));
  for (const { subject, id, body } of messages) {
    await connection.jetstream().publish(subject, body, { msgID: id });
  }
  await gateway.consume(() => gateway.heartbeats.size === agentIds.length);
  const time = '2025-11-21T01:54:37.124Z';
  t.same(Object.fromEntries(gateway.heartbeats), {
    'acme/billing-bot': time,
    'acme/helper': time,
    'unregistered/root/codex': time,
  });
  t.equal(gateway.rows.size, 0);
});

t.test(
  'the emulated gateway notices what the real one would do to a careless sender',
  async (t) => {
    const read = (body: unknown): [ReturnType<typeof readBody>, Corrections] => {
      const corrections = new Corrections();
      const data = body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body));
      return [readBody(data, corrections), corrections];
    };
    // As its own runtime publishes: seq, times, ids and hashes are no fields it knows.
    const payload = '{"action_type":"FILE_OPERATION","decision":1,"event_id":"","source":"ebpf"}';
    const agent_id = Array.from({ length: 16 }, () => 17);
    const entry = { event_type: 'ToolCallIntercepted', agent_id, payload };
    const [first, corrections] = read({ ...entry, seq: 1, timestamp_ns: 1, entry_hash: [1] });
    const [second] = read({ ...entry, seq: 2, timestamp_ns: 2, entry_hash: [2] });
    t.match(first, { is: 'row', row: { agent_id: '', decision: 'review', ts: null } });
    t.same(second, first, 'two events, one id');
    t.same([...corrections.unknownFields.keys()], ['seq', 'timestamp_ns', 'entry_hash']);
    t.same(
      [...corrections.defaults.keys()],
      ['event_id', 'agent_id', 'tool_name', 'decision', 'ts'],
    );

    const [, stripped] = read({ payload: [{ Prompt: { a: 1 } }], prompt: 1, LLM_Output: '' });
    t.same([...stripped.bannedKeys.keys()].sort(), ['LLM_Output', 'Prompt', 'prompt']);
    const protobuf = encodeRecord(redact(valueOf('exec'), stamp).body);
    t.same(read(protobuf)[0], { is: 'undecodable' });
    t.same(read(Buffer.from('{"action":"\\ud800"}'))[0], { is: 'undecodable' });
    t.match(read({ ts: 1_763_690_077 })[0], { row: { ts: '2025-11-21T01:54:37.000Z' } });
    t.match(read({ timestamp: 1_763_690_077_124 })[0], { row: { ts: '2025-11-21T01:54:37.124Z' } });
    t.match(read([1])[0], { row: { tool_name: 'unknown' } }, 'no object, and a row all the same');
    // RFC 9562, appendix A.4.
    const dns = Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex');
    t.equal(uuidV5('www.example.com', dns), '2ed6657d-e927-568b-95e1-2665a8aea6a2');
  },
);

t.test('a NUL in a column holds up the whole batch it came in', async (t) => {
  const server = await startNatsServer(t);
  const gateway = await AssemblyGateway.start(t, server.url);
  const connection = await connect({ servers: server.url });
  t.teardown(() => connection.close());
  const subject = 'assembly.audit.default.none';
  const row = { event_id: '0190a5f0-0000-7000-8000-000000000001', action: process.exe };
  await connection.jetstream().publish(subject, JSON.stringify(row));
  await connection.jetstream().publish(subject, JSON.stringify({ ...row, action: 'a\0b' }));
  await gateway.consume(() => gateway.refusedBatches > 0);
  t.equal(gateway.rows.size, 0, 'its neighbour, too');
});
