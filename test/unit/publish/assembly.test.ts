import t from 'tap';
import { auditMessages } from '../../../src/publish/assembly/index.js';
import { assemblyPacker } from '../../../src/publish/assembly-packer.js';
import { decodeRecord, encodeRecord, RecordClass } from '../../../src/record/index.js';
import type { Given, StoredRecord } from '../../../src/record/index.js';
import { redact } from '../../../src/redact/index.js';
import type { Value } from '../../../src/event/index.js';
import { stamp, valueOf, values } from '../../fixtures/golden/values.js';

type Row = { readonly [key: string]: unknown };

/** A record as it is read from the journal. */
function stored(given: Given<StoredRecord>): StoredRecord {
  const decoded = decodeRecord(encodeRecord({ epoch: 3, seq: 17n, ...given }));
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.record;
}

const recordOf = (value: Value): StoredRecord => stored(redact(value, stamp).body);

/** With other values than a codec would let through; the rest stays what it is. */
const changed = <T extends object>(base: T | null, changes: Partial<T>): T =>
  Object.assign(Object.create(base) as T, changes);

/** The rows a record becomes. */
const rowsOf = (record: StoredRecord): Row[] =>
  auditMessages(record).map(({ body }) => JSON.parse(body.toString()) as Row);

const rowOf = (record: StoredRecord): Row => rowsOf(record)[0] ?? {};

t.test('a finding is a row for review that names the deed and the rule', async (t) => {
  const { payload, ...row } = rowOf(recordOf(valueOf('finding')));
  const record = recordOf(valueOf('finding'));
  t.strictSame(row, {
    event_id: record.eventId,
    kind: 'kernel',
    event_type: 'ebpf.finding.bypass.direct_egress',
    agent_id: 'demo/curl',
    org_id: 'demo',
    team_id: 'bots',
    session_id: '5f1c1f0e-2f4d-5a5b-8c9d-0e1f2a3b4c5d',
    action: 'net.connect model.test:443 (bypass.direct_egress)',
    decision: 'review',
    ts: '2025-11-21T01:54:37.124Z',
    policy_version: 'none',
  });
  t.match(payload, {
    source: 'ebpf',
    node: 'node-1',
    seq: '17',
    claim: 'detected',
    severity: 'high',
    agent: { id: 'demo/bots/curl', assurance: 'asserted' },
    finding: {
      summary: 'connected to model.test:443 around the proxy it must use',
      evidence: ['tcp 192.0.2.7:40112 to 203.0.113.10:443', 'server name model.test'],
      waited_ms: 2000,
    },
    net: { dst_ip: '203.0.113.10', dst_port: 443, host_source: 'sni' },
    process: { pid: 270, start_ns: '9007199254740993', exe: '/usr/bin/curl' },
    redaction: ['process.argv authorization 1'],
  });
});

t.test('what an agent does is allowed, and the action says it in words', async (t) => {
  const http = valueOf('http');
  const flow = valueOf('flow');
  const exit = valueOf('exit');
  const failed = { ...flow.net, result: 'failed', error: 'ECONNREFUSED' } as const;
  const six = { ...flow.net, family: 'ipv6', dstIp: '2001:db8::1', host: '' } as const;
  const actions: readonly (readonly [Value, string])[] = [
    [valueOf('exec'), 'process.exec /usr/bin/curl'],
    [exit, 'process.exit /usr/bin/curl signal 9'],
    [{ ...exit, signal: null, code: 3 }, 'process.exit /usr/bin/curl code 3'],
    [flow, 'net.connect model.test:443'],
    [{ ...flow, net: failed }, 'net.connect model.test:443 ECONNREFUSED'],
    [{ ...flow, net: six }, 'net.connect [2001:db8::1]:443'],
    [{ ...flow, net: { ...flow.net, proto: 'udp' } }, 'net.send model.test:443'],
    [valueOf('dns'), 'net.dns AAAA model.test'],
    [valueOf('tls_session'), 'tls.session model.test:443'],
    [http, 'http.request POST model.test/v1/messages 200'],
    [{ ...http, http: { ...http.http, status: 0 } }, 'http.request POST model.test/v1/messages'],
    [valueOf('agent'), 'agent.spawn curl'],
  ];
  for (const [value, action] of actions) {
    const row = rowOf(recordOf(value));
    t.match(row, { action, decision: 'allow', agent_id: 'demo/curl', kind: 'kernel' });
    t.equal(row.event_type, `ebpf.${value.kind}`);
  }
});

t.test('a finding is about the request, else the connection, else the program', async (t) => {
  const finding = valueOf('finding');
  const { net, http } = valueOf('http');
  const rule = '(bypass.direct_egress)';
  t.equal(
    rowOf(recordOf({ ...finding, net, http })).action,
    `http.request POST model.test/v1/messages 200 ${rule}`,
  );
  t.equal(rowOf(recordOf({ ...finding, net: null })).action, `process.exec /usr/bin/curl ${rule}`);
});

t.test('what was missed, and a finding without an agent, are about the node', async (t) => {
  const gap = rowOf(recordOf(valueOf('gap')));
  const about = { agent_id: 'default/node-1', org_id: 'default', decision: 'review' };
  t.match(gap, {
    ...about,
    event_type: 'ebpf.gap',
    action: 'sensor.gap payload ring_full 17 lost',
  });
  t.notOk('team_id' in gap || 'session_id' in gap, 'what is not known is left out');
  const unknown = { ...recordOf(valueOf('gap')), gap: { stage: 'journal', cause: 'killed' } };
  t.equal(rowOf(stored(unknown)).action, 'sensor.gap journal killed some lost');

  const { eventId, node, tenant, wallNs } = recordOf(valueOf('gap'));
  const own = stored({
    ...{ eventId, node, tenant, wallNs, kind: 'finding', class: RecordClass.finding },
    finding: { rule: 'publish.stalled', summary: 'nothing is acknowledged' },
  });
  t.match(rowOf(own), {
    ...about,
    event_type: 'ebpf.finding.publish.stalled',
    action: 'sensor.report (publish.stalled)',
  });
});

t.test('what the node says of its own state is not sent', async (t) => {
  for (const kind of ['sensor', 'config', 'coverage'] as const) {
    t.same(rowsOf(recordOf(valueOf(kind))), [], kind);
  }
  for (const kind of ['checkpoint', 'retention', 'wormhole']) {
    t.same(rowsOf(stored({ kind, class: RecordClass.sensor })), [], kind);
  }
});

t.test(
  'who started an agent and where it runs stand in the payload, for want of columns',
  async (t) => {
    const { payload, ...columns } = rowOf(recordOf(valueOf('agent')));
    t.match(columns, { agent_id: 'demo/curl', action: 'agent.spawn curl' });
    const { agent, process } = payload as { agent: Row; process: Row };
    t.strictSame(agent.under, {
      parent: { id: 'acme/ops/worker', session: '1b2c3d4e-5f60-5718-8293-a4b5c6d7e8f9' },
      root: { id: 'acme/ops/planner', session: '7a6b5c4d-3e2f-5a1b-9c8d-7e6f5a4b3c2d' },
      depth: 2,
      handed_off: false,
    });
    t.match(process, {
      ...{ ns_pid: 7, program: '/srv/bots/bot.py', container_runtime: 'containerd' },
      ...{ pod_uid: 'b6f1c2d3-4e5f-4a6b-8c7d-9e0f1a2b3c4d', image: 'bots/bot:1.2' },
    });
    t.match(rowOf(recordOf(valueOf('http'))).payload, { agent: { under: { handed_off: true } } });
    const plain = rowOf(recordOf(valueOf('exec'))).payload as { agent: Row; process: Row };
    t.notOk('under' in plain.agent);
    for (const key of ['ns_pid', 'program', 'image', 'pod_uid']) t.notOk(key in plain.process, key);
  },
);

t.test('an agent is named as that gateway names it', async (t) => {
  const named = (id: string): Row => {
    const record = recordOf(valueOf('exec'));
    const { agent_id, org_id, team_id } = rowOf(
      changed(record, { agent: changed(record.agent, { id }) }),
    );
    return { agent_id, org_id, team_id };
  };
  t.same(named('acme/payments/billing-bot'), {
    agent_id: 'acme/billing-bot',
    org_id: 'acme',
    team_id: 'payments',
  });
  t.equal(named('acme/payments/a/b').agent_id, 'acme/a/b');
  t.equal(named('unregistered/root/claude-code').agent_id, 'unregistered/root/claude-code');
  t.equal(named('solo').agent_id, 'solo');
  t.equal(named('').agent_id, 'default/node-1', 'nobody: the node');
});

t.test('a heartbeat is a sign of life of each agent, under an id of its own', async (t) => {
  const record = recordOf(valueOf('heartbeat'));
  const heartbeat = {
    ...record.heartbeat,
    agentIds: ['acme/payments/billing-bot', 'unregistered/root/claude-code'],
  };
  const messages = auditMessages(stored({ ...record, heartbeat }));
  t.same(
    messages.map(({ body }) => JSON.parse(body.toString()) as Row),
    [
      { agent_id: 'acme/billing-bot', org_id: 'acme', team_id: 'payments' },
      { agent_id: 'unregistered/root/claude-code', org_id: 'unregistered', team_id: 'root' },
    ].map((party) => ({ kind: 'heartbeat', ...party, ts: '2025-11-21T01:54:37.124Z' })),
  );
  t.same(
    messages.map(({ id }) => id),
    [`${record.eventId}.0`, `${record.eventId}.1`],
  );
  const lonely = { ...record.heartbeat, agentIds: [] };
  t.same(auditMessages(stored({ ...record, heartbeat: lonely })), [], 'nobody lives');
});

t.test(
  'the subject is of the tenant and the whole id, the message id is the event id',
  async (t) => {
    const record = recordOf(valueOf('exec'));
    const [message] = auditMessages(record);
    // The first 16 bytes of `printf %s demo/bots/curl | sha256sum`.
    t.equal(message?.subject, 'assembly.audit.default.303fe5e7-ce9a-2a2f-dc15-15e6ed8ca720');
    t.equal(message?.id, record.eventId);
    const dotted = auditMessages(changed(record, { tenant: 'a.b' }))[0]?.subject ?? '';
    t.ok(dotted.startsWith('assembly.audit.a=2Eb.'), dotted);
  },
);

/** Keys that gateway deletes at any depth, and those it knows at the top. */
const BANNED =
  /^(prompt|completion|llm_(in|out)put|tool_(payload|response|args|result)|packet_(body|payload)|heartbeat_seq)$/i;

const keysOf = (value: unknown): string[] =>
  typeof value === 'object' && value !== null
    ? [...Object.keys(value), ...Object.values(value).flatMap(keysOf)]
    : [];

t.test('no key at any depth is one that gateway deletes', async (t) => {
  const words = ['prompt', 'Completion', 'tool_args: {"tool_result": 1}', 'packet_body=1'];
  const { process, ...finding } = valueOf('finding');
  const hostile = { ...finding, process: { ...process, argv: ['curl', '-H', ...words] } };
  const rows = [...values, hostile].flatMap((value) => rowsOf(recordOf(value)));
  t.ok(rows.length > 8);
  t.same(
    rows.flatMap(keysOf).filter((key) => BANNED.test(key)),
    [],
  );
  t.ok(
    keysOf({ a: [{ Prompt: 1 }] }).some((key) => BANNED.test(key)),
    'the search finds one',
  );
  t.ok(JSON.stringify(rows).includes('packet_body=1'), 'the words themselves are kept');
});

t.test('no text holds a NUL or half a character, and what is cut says how much', async (t) => {
  const record = recordOf(valueOf('finding'));
  const nasty = 'a\0b\ud800c\u{1f600}\u202e';
  const { process, finding, agent, net } = record;
  const messages = auditMessages(
    changed(record, {
      agent: changed(agent, { id: `${nasty}/${nasty}/${nasty}` }),
      net: changed(net, { host: nasty }),
      finding: changed(finding, { rule: nasty, evidence: [`${'x'.repeat(1023)}\u{1f600}`] }),
      process: changed(process, { argv: [nasty, 'y'.repeat(10_000)] }),
    }),
  );
  const text = messages[0]?.body.toString('utf8') ?? '';
  const row = JSON.parse(text) as Row;
  t.notMatch(text, /\\u0000|\0/);
  t.ok(text.isWellFormed() && !/\\ud[89a-f]/i.test(text));
  const clean = 'a␀b\ufffdc\u{1f600}\u202e';
  t.equal(row.agent_id, `${clean}/${clean}`);
  t.equal(row.action, `net.connect ${clean}:443 (${clean})`);
  t.match(row.payload, {
    finding: { evidence: [`${'x'.repeat(1023)}…[+2]`] },
    process: { argv: [clean, `${'y'.repeat(1024)}…[+8976]`] },
  });
});

t.test('the largest row is bounded, and a smaller one is made for a smaller broker', async (t) => {
  const record = recordOf(valueOf('finding'));
  // A control character takes one byte in a record and six in JSON.
  const texts = Array.from({ length: 1024 }, () => '\u0001'.repeat(8192));
  const { process, finding, agent } = record;
  const large = changed(record, {
    agent: changed(agent, { evidence: texts }),
    finding: changed(finding, { rule: texts.join(''), evidence: texts }),
    process: changed(process, { argv: texts, exe: texts.join('') }),
  });
  const whole = auditMessages(large)[0]?.body ?? Buffer.alloc(0);
  t.ok(whole.length > 32_768 && whole.length < 256 * 1024, `${whole.length} bytes`);
  t.match(whole.toString(), '…[+960]', 'how many entries are left out');

  const small = auditMessages(large, whole.length - 1)[0]?.body ?? Buffer.alloc(0);
  t.ok(small.length < 16 * 1024, `${small.length} bytes`);
  const payload = { source: 'ebpf', cut_bytes: whole.length };
  const all = JSON.parse(whole.toString()) as Row;
  t.same(JSON.parse(small.toString()), { ...all, payload }, 'every column is there');
});

t.test('as a packer it takes the bytes of a record, and never what it cannot read', async (t) => {
  const bytes = encodeRecord(redact(valueOf('finding'), stamp).body);
  const [packed] = assemblyPacker.pack(bytes);
  t.same(
    packed,
    auditMessages(stored({ epoch: 0, seq: 0n, ...redact(valueOf('finding'), stamp).body }))[0],
  );
  t.same(assemblyPacker.join([Buffer.from('{}')]), Buffer.from('{}'));
  t.same(assemblyPacker.pack(Buffer.from('no record')), []);
  const [small] = assemblyPacker.shrink(bytes, 1000) ?? [];
  t.ok(small && small.body.length <= 1000, 'without its payload it fits');
  t.equal(assemblyPacker.shrink(bytes, 100), null, 'nothing of it fits');
});
