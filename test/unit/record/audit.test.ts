import t from 'tap';
import { className, severityName, toAuditEvent } from '../../../src/record/index.js';
import { redact } from '../../../src/redact/index.js';
import { stamp, valueOf, values } from '../../fixtures/golden/values.js';

const ALLOW = 1;
const NETWORK_CALL = 4;
const PROCESS_EXEC = 5;
const AGENT_SPAWN = 6;

t.test('every action has an audit event that allows, and nothing else has one', async (t) => {
  const expected = {
    ...{ exec: PROCESS_EXEC, exit: PROCESS_EXEC, agent: AGENT_SPAWN },
    ...{ flow: NETWORK_CALL, dns: NETWORK_CALL, tls_session: NETWORK_CALL, http: NETWORK_CALL },
    finding: NETWORK_CALL,
  };
  const found: { [kind: string]: number } = {};
  for (const value of values) {
    const { audit } = redact(value, stamp).body;
    if (!audit) continue;
    found[value.kind] = audit.actionType ?? 0;
    t.equal(audit.decision, ALLOW, value.kind);
    t.same(audit.agentId, { orgId: 'demo', teamId: 'bots', agentId: 'curl' });
    t.equal(audit.sessionId, '5f1c1f0e-2f4d-5a5b-8c9d-0e1f2a3b4c5d');
    t.same(audit.occurredAt, { unixMs: 1_763_690_077_124n });
    const forged = Object.keys(audit.labels ?? {}).filter((name) => name.startsWith('aa.'));
    t.same(forged, [], 'no label that the gateway strips as forged');
  }
  t.same(found, expected);
});

t.test('a finding is about the action it judges', async (t) => {
  const finding = valueOf('finding');
  t.match(redact(finding, stamp).body.audit, { network: { host: 'model.test', port: 443 } });
  t.match(redact({ ...finding, net: null }, stamp).body.audit, {
    actionType: PROCESS_EXEC,
    process: { command: '/usr/bin/curl' },
    labels: { 'watchfloor.rule': 'bypass.direct_egress' },
  });
});

t.test('details say what succeeded', async (t) => {
  const exit = valueOf('exit');
  const http = valueOf('http');
  const flow = valueOf('flow');
  t.match(redact(exit, stamp).body.audit, { process: { exitCode: 137, succeeded: false } });
  t.match(redact({ ...exit, signal: null, code: 0 }, stamp).body.audit, {
    process: { exitCode: 0, succeeded: true },
  });
  t.match(redact(http, stamp).body.audit, {
    network: { protocol: 'http', statusCode: 200, succeeded: true },
  });
  t.match(redact({ ...http, http: { ...http.http, status: 500 } }, stamp).body.audit, {
    network: { statusCode: 500, succeeded: false },
  });
  t.match(redact({ ...flow, net: { ...flow.net, result: 'failed' } }, stamp).body.audit, {
    network: { protocol: 'tcp', succeeded: false },
  });
});

t.test(
  'it says who started the agent, and of one that nobody did that it is the root',
  async (t) => {
    t.match(redact(valueOf('exec'), stamp).body.audit, {
      ...{ rootAgentId: 'demo/bots/curl', parentAgentId: '', depth: 0 },
      labels: { 'watchfloor.handed_off': undefined },
    });
    t.match(redact(valueOf('agent'), stamp).body.audit, {
      ...{ rootAgentId: 'acme/ops/planner', parentAgentId: 'acme/ops/worker', depth: 2 },
      labels: { 'watchfloor.handed_off': undefined },
    });
    const asked = redact(valueOf('http'), stamp).body.audit;
    t.match(asked, { parentAgentId: 'acme/ops/planner', depth: 1 });
    t.equal(asked?.labels?.['watchfloor.handed_off'], 'true', 'it is only suspected');
    t.notOk(asked?.spawnedByTool ?? asked?.delegationReason, 'which the kernel cannot see');
    t.match(toAuditEvent({ kind: 'exec' }), { rootAgentId: '', parentAgentId: '', depth: 0 });
  },
);

t.test('an agent id of any shape is split without losing a part', async (t) => {
  const idOf = (id: string): unknown => toAuditEvent({ kind: 'exec', agent: { id } })?.agentId;
  t.same(idOf('unregistered/root/a/b'), { orgId: 'unregistered', teamId: 'root', agentId: 'a/b' });
  t.same(idOf('solo'), { orgId: 'solo', teamId: '', agentId: '' });
  t.same(idOf(''), { orgId: '', teamId: '', agentId: '' });
});

t.test('numbers have words, and a number of a later version has none', async (t) => {
  t.same([className(2), severityName(3), severityName(9)], ['activity', 'high', 'unspecified']);
});
