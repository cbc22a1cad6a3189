import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import protobuf from 'protobufjs';
import t from 'tap';

/**
 * Every number on the wire, written out by hand: records of any day must be read on any other. A line here is added, never
 * changed; the number of a field that goes is kept in `RETIRED`.
 */
const NUMBERS: Readonly<{ [type: string]: Readonly<{ [name: string]: number }> }> = {
  'watchfloor.v1.Record': {
    event_id: 1,
    node: 2,
    tenant: 3,
    boot_id: 4,
    epoch: 5,
    seq: 6,
    class: 7,
    kind: 8,
    claim: 9,
    severity: 10,
    wall_ns: 11,
    boot_ns: 12,
    origin: 13,
    audit: 15,
    agent: 16,
    process: 17,
    net: 18,
    tls: 19,
    http: 20,
    dns: 21,
    exit: 22,
    finding: 30,
    gap: 31,
    coverage: 32,
    heartbeat: 33,
    sensor: 34,
    redaction: 35,
    checkpoint: 36,
    retention: 37,
    stub: 40,
  },
  'watchfloor.v1.RecordClass': {
    RECORD_CLASS_UNSPECIFIED: 0,
    RECORD_CLASS_FINDING: 1,
    RECORD_CLASS_ACTIVITY: 2,
    RECORD_CLASS_SENSOR: 3,
  },
  'watchfloor.v1.Claim': {
    CLAIM_UNSPECIFIED: 0,
    CLAIM_OBSERVED: 1,
    CLAIM_DETECTED: 2,
    CLAIM_UNMEASURED: 3,
    CLAIM_DEGRADED: 4,
  },
  'watchfloor.v1.Severity': {
    SEVERITY_UNSPECIFIED: 0,
    SEVERITY_LOW: 1,
    SEVERITY_MEDIUM: 2,
    SEVERITY_HIGH: 3,
    SEVERITY_CRITICAL: 4,
  },
  'watchfloor.v1.Origin': {
    ring: 1,
    cpu: 2,
    seq: 3,
    part: 4,
  },
  'watchfloor.v1.Agent': {
    id: 1,
    name: 2,
    session: 3,
    assurance: 4,
    evidence: 5,
    under: 6,
  },
  'watchfloor.v1.Descent': { parent: 1, root: 2, depth: 3, handed_off: 4 },
  'watchfloor.v1.AgentLink': { id: 1, session: 2 },
  'watchfloor.v1.Process': {
    pid: 1,
    start_ns: 2,
    ppid: 3,
    uid: 4,
    exe: 5,
    argv: 6,
    argv_truncated: 7,
    cwd: 8,
    container: 9,
    chain: 10,
    bootstrap: 11,
    program: 12,
    ns_pid: 13,
    container_runtime: 14,
    pod_uid: 15,
    image: 16,
  },
  'watchfloor.v1.ChainLink': {
    pid: 1,
    exe: 2,
  },
  'watchfloor.v1.Net': {
    proto: 1,
    family: 2,
    src_ip: 3,
    src_port: 4,
    dst_ip: 5,
    dst_port: 6,
    host: 7,
    host_source: 8,
    result: 9,
    error: 10,
  },
  'watchfloor.v1.Tls': {
    library: 1,
    sni: 2,
    alpn: 3,
    coverage: 4,
    ja4: 5,
    ech: 6,
    quic: 7,
    name_service: 8,
  },
  'watchfloor.v1.Http': {
    method: 1,
    host: 2,
    path: 3,
    status: 4,
    version: 5,
  },
  'watchfloor.v1.Dns': {
    question: 1,
    type: 2,
  },
  'watchfloor.v1.Exit': {
    code: 1,
    signal: 2,
  },
  'watchfloor.v1.Finding': {
    rule: 1,
    summary: 2,
    evidence: 3,
    expected: 4,
    waited_ms: 5,
  },
  'watchfloor.v1.Gap': {
    stage: 1,
    cpu: 2,
    cause: 3,
    count: 4,
    first_seq: 5,
    last_seq: 6,
  },
  'watchfloor.v1.Coverage': {
    state: 1,
    library: 2,
    reason: 3,
    path: 4,
  },
  'watchfloor.v1.Heartbeat': {
    number: 1,
    rings: 2,
    agents: 3,
    journal_bytes: 4,
    version: 5,
    kernel: 6,
    agent_ids: 7,
    coverage: 8,
    backlog: 9,
    backlog_age_ms: 10,
    checkpoint_size: 11,
    checkpoint_root: 12,
    cosigned_size: 13,
    note: 100,
  },
  'watchfloor.v1.CoverageCount': { plaintext: 1, metadata: 2, blind: 3 },
  'watchfloor.v1.Checkpoint': {
    size: 1,
    root: 2,
    note: 3,
    vkey: 4,
    old_size: 5,
    proof: 6,
    range: 7,
  },
  'watchfloor.v1.Retention': { first_seq: 1, last_seq: 2, segments: 3, bytes: 4, cosigned_size: 5 },
  'watchfloor.v1.Stub': { bytes: 1, leaf_hash: 2 },
  'watchfloor.v1.RingCount': {
    ring: 1,
    emitted: 2,
    delivered: 3,
    dropped: 4,
  },
  'watchfloor.v1.Sensor': {
    event: 1,
    detail: 2,
    fields: 3,
  },
  'watchfloor.v1.Redaction': {
    items: 1,
  },
  'watchfloor.v1.Redacted': {
    field: 1,
    kind: 2,
    count: 3,
  },
  'assembly.audit.v1.AuditEvent': {
    event_id: 1,
    agent_id: 2,
    occurred_at: 3,
    action_type: 4,
    decision: 5,
    trace_id: 6,
    span_id: 7,
    parent_span_id: 8,
    llm_call: 10,
    tool_call: 11,
    file_op: 12,
    network: 13,
    process: 14,
    violation: 15,
    approval: 16,
    labels: 20,
    root_agent_id: 21,
    parent_agent_id: 22,
    team_id: 23,
    session_id: 24,
    delegation_reason: 25,
    spawned_by_tool: 26,
    depth: 27,
    call_stack: 28,
    dry_run: 30,
    shadow_decision: 31,
    matched_rule_id: 32,
  },
  'assembly.audit.v1.CallStackNode': {
    id: 1,
    kind: 2,
    label: 3,
    latency_ms: 4,
    children: 5,
  },
  'assembly.audit.v1.LLMCallDetail': {
    model: 1,
    prompt_tokens: 2,
    completion_tokens: 3,
    latency_ms: 4,
    pii_detected: 5,
    pii_redacted: 6,
    provider: 7,
  },
  'assembly.audit.v1.ToolCallDetail': {
    tool_name: 1,
    tool_source: 2,
    latency_ms: 3,
    succeeded: 4,
    error_message: 5,
    args_json: 6,
  },
  'assembly.audit.v1.FileOpDetail': {
    operation: 1,
    path: 2,
    bytes: 3,
    source: 4,
    latency_ms: 5,
    sensitive: 6,
  },
  'assembly.audit.v1.NetworkCallDetail': {
    host: 1,
    port: 2,
    protocol: 3,
    latency_ms: 4,
    status_code: 5,
    succeeded: 6,
  },
  'assembly.audit.v1.ProcessExecDetail': {
    command: 1,
    args: 2,
    exit_code: 3,
    duration_ms: 4,
    succeeded: 5,
  },
  'assembly.audit.v1.PolicyViolation': {
    policy_rule: 1,
    blocked_action: 2,
    reason: 3,
    latency_ms: 4,
  },
  'assembly.audit.v1.ApprovalEvent': {
    approval_id: 1,
    approver_id: 2,
    approved: 3,
    reason: 4,
    wait_time_ms: 5,
  },
  'assembly.common.v1.AgentId': {
    org_id: 1,
    team_id: 2,
    agent_id: 3,
  },
  'assembly.common.v1.Timestamp': {
    unix_ms: 1,
  },
  'assembly.common.v1.Decision': {
    DECISION_UNSPECIFIED: 0,
    ALLOW: 1,
    DENY: 2,
    PENDING: 3,
    REDACT: 4,
  },
  'assembly.common.v1.ActionType': {
    ACTION_UNSPECIFIED: 0,
    LLM_CALL: 1,
    TOOL_CALL: 2,
    FILE_OPERATION: 3,
    NETWORK_CALL: 4,
    PROCESS_EXEC: 5,
    AGENT_SPAWN: 6,
    TOOL_RESULT: 7,
  },
};

/** Numbers of fields that are gone: never given again. */
const RETIRED: Readonly<{ [type: string]: readonly number[] }> = {};

/** Numbers Agent Assembly's audit event leaves out; they are theirs to give. */
const NOT_OURS = { 'assembly.audit.v1.AuditEvent': [9, 17, 18, 19, 29] };

const root = new protobuf.Root();
root.resolvePath = (_, file) => resolve('proto', file);
root.loadSync(resolve('proto/watchfloor/v1/record.proto'), { keepCase: true }).resolveAll();

function collect(namespace: protobuf.NamespaceBase): [string, { [name: string]: number }][] {
  return namespace.nestedArray.flatMap((item): [string, { [name: string]: number }][] => {
    const name = item.fullName.slice(1);
    if (item instanceof protobuf.Enum) return [[name, item.values]];
    if (item instanceof protobuf.Type) {
      const fields = item.fieldsArray.map((field): [string, number] => [field.name, field.id]);
      return [[name, Object.fromEntries(fields)], ...collect(item)];
    }
    return item instanceof protobuf.Namespace ? collect(item) : [];
  });
}

const found = Object.fromEntries(collect(root));

t.test('every message and enum has the numbers it was published with', async (t) => {
  t.same(found, NUMBERS);
});

t.test('no number is given twice, or again, or where it is not ours to give', async (t) => {
  for (const [type, fields] of Object.entries(found)) {
    const numbers = Object.values(fields);
    t.equal(new Set(numbers).size, numbers.length, type);
    const forbidden = { ...RETIRED, ...NOT_OURS }[type] ?? [];
    t.same(
      numbers.filter((number) => forbidden.includes(number)),
      [],
      type,
    );
  }
});

t.test('the committed codec is what proto/ says', async (t) => {
  t.doesNotThrow(() => execFileSync(process.execPath, ['scripts/generate-proto.mjs', '--check']));
});
