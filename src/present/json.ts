import { claimName, severityName } from '../record/index.js';
import type {
  Agent,
  AgentLink,
  Checkpoint,
  Descent,
  Finding,
  Gap,
  Heartbeat,
  Http,
  Net,
  Process,
  Retention,
  StoredRecord,
  Stub,
  Tls,
} from '../record/index.js';
import { escapeText } from './escape.js';
import { formatTime } from './time.js';

/**
 * One line of `-o json`: docs/schema/record.schema.json describes it. A function of the record and nothing else, so that
 * every way to a record prints the same. Texts are escaped as for a terminal: `jq -r` prints no control character either.
 */
export const toJson = (record: StoredRecord): string => jsonLine(shape(record));

/** Of anything that is printed as JSON. Keys must be ours: only values are escaped. */
export const jsonLine = (value: object): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'string' ? escapeText(inner) : inner,
  );

/** Keys in their order; undefined ones are left out. */
function shape(record: StoredRecord): object {
  const { net, tls, http, dns, exit, finding, gap, coverage, heartbeat, sensor } = record;
  const { checkpoint, retention, stub } = record;
  return {
    v: 1,
    seq: Number(record.seq),
    node: record.node,
    event_id: record.eventId,
    ts: formatTime(record.wallNs),
    kind: record.kind,
    claim: claimName(record.claim),
    severity: record.severity === 0 ? undefined : severityName(record.severity),
    agent: record.agent && agentShape(record.agent),
    process: record.process && processShape(record.process),
    net: net ? netShape(net) : undefined,
    tls: tls ? tlsShape(tls) : undefined,
    http: http ? httpShape(http) : undefined,
    dns: dns ? { question: dns.question, type: dns.type } : undefined,
    exit: exit ? { code: exit.code, signal: exit.signal } : undefined,
    finding: finding ? findingShape(finding) : undefined,
    coverage: coverage
      ? {
          state: coverage.state,
          library: orNull(coverage.library),
          reason: coverage.reason,
          ...(coverage.path === '' ? {} : { path: coverage.path }),
        }
      : undefined,
    gap: gap ? gapShape(gap) : undefined,
    sensor: sensor
      ? { event: sensor.event, detail: sensor.detail, fields: fieldsShape(sensor.fields) }
      : undefined,
    heartbeat: heartbeat ? heartbeatShape(heartbeat) : undefined,
    checkpoint: checkpoint ? checkpointShape(checkpoint) : undefined,
    retention: retention ? retentionShape(retention) : undefined,
    stub: stub ? stubShape(stub) : undefined,
    redaction: record.redaction
      ? { items: record.redaction.items.map(({ field, kind, count }) => ({ field, kind, count })) }
      : undefined,
  };
}

const orNull = (text: string): string | null => (text === '' ? null : text);
const orNone = (text: string): string | undefined => (text === '' ? undefined : text);

export type AgentShape = ReturnType<typeof agentShape>;

export const agentShape = ({ id, name, session, assurance, evidence, under }: Agent) => ({
  id,
  name,
  session,
  assurance,
  evidence: evidence.length > 0 ? evidence : undefined,
  under: under ? underShape(under) : undefined,
});

const underShape = ({ parent, root, depth, handedOff }: Descent) => ({
  parent: linkShape(parent),
  root: linkShape(root),
  depth,
  handed_off: handedOff,
});

const linkShape = (link: AgentLink | null) => ({
  id: link?.id ?? '',
  session: link?.session ?? '',
});

export type ProcessShape = ReturnType<typeof processShape>;

/** start_ns passes 2^53 after 104 days of uptime, so it is text. */
export const processShape = (process: Process) => ({
  pid: process.pid,
  start_ns: `${process.startNs}`,
  ppid: process.ppid,
  uid: process.uid,
  ns_pid: process.nsPid === 0 ? undefined : process.nsPid,
  exe: process.exe,
  program: orNone(process.program),
  argv: process.argv,
  argv_truncated: process.argvTruncated || undefined,
  cwd: process.cwd,
  container: orNone(process.container),
  container_runtime: orNone(process.containerRuntime),
  pod_uid: orNone(process.podUid),
  image: orNone(process.image),
  chain: process.chain.map(({ pid, exe }) => ({ pid, exe })),
  bootstrap: process.bootstrap || undefined,
});

const netShape = (net: Net): object => ({
  proto: net.proto,
  family: net.family,
  src_ip: orNull(net.srcIp),
  src_port: net.srcPort,
  dst_ip: orNull(net.dstIp),
  dst_port: net.dstPort,
  host: orNull(net.host),
  host_source: orNull(net.hostSource),
  result: orNone(net.result),
  error: orNone(net.error),
});

const tlsShape = ({ library, sni, alpn, coverage, ja4, ech, quic, nameService }: Tls): object => ({
  library: orNull(library),
  sni: orNull(sni),
  alpn,
  coverage: orNull(coverage),
  ja4: orNone(ja4),
  ech: ech || undefined,
  quic: orNone(quic),
  name_service: orNone(nameService),
});

/** status null: no response was seen. */
const httpShape = ({ method, host, path, status }: Http): object => ({
  method,
  host: orNull(host),
  path,
  status: status === 0 ? null : status,
});

const findingShape = ({ rule, summary, evidence, expected, waitedMs }: Finding): object => ({
  rule,
  summary,
  evidence,
  expected,
  waited_ms: waitedMs,
});

const gapShape = ({ stage, cpu, cause, count, firstSeq, lastSeq }: Gap): object => ({
  stage,
  cpu,
  cause,
  count: Number(count),
  first_seq: firstSeq === null ? undefined : Number(firstSeq),
  last_seq: lastSeq === null ? undefined : Number(lastSeq),
});

const fieldsShape = (fields: { readonly [name: string]: string }): object =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [escapeText(name), value]));

const heartbeatShape = (heartbeat: Heartbeat): object => ({
  number: Number(heartbeat.number),
  rings: heartbeat.rings.map(({ ring, emitted, delivered, dropped }) => ({
    ring,
    emitted: Number(emitted),
    delivered: Number(delivered),
    dropped: Number(dropped),
  })),
  agents: heartbeat.agents,
  agent_ids: heartbeat.agentIds,
  coverage: heartbeat.coverage
    ? {
        plaintext: heartbeat.coverage.plaintext,
        metadata: heartbeat.coverage.metadata,
        blind: heartbeat.coverage.blind,
      }
    : undefined,
  journal_bytes: Number(heartbeat.journalBytes),
  backlog: Number(heartbeat.backlog),
  backlog_age_ms: Number(heartbeat.backlogAgeMs),
  checkpoint_size: Number(heartbeat.checkpointSize),
  checkpoint_root: base64(heartbeat.checkpointRoot),
  cosigned_size: Number(heartbeat.cosignedSize),
  version: heartbeat.version,
  kernel: heartbeat.kernel,
  note: orNone(heartbeat.note),
});

const checkpointShape = ({ size, root, note, oldSize }: Checkpoint): object => ({
  size: Number(size),
  root: base64(root),
  old_size: Number(oldSize),
  note,
});

const retentionShape = (retention: Retention): object => ({
  first_seq: Number(retention.firstSeq),
  last_seq: Number(retention.lastSeq),
  segments: retention.segments,
  bytes: Number(retention.bytes),
  cosigned_size: Number(retention.cosignedSize),
});

/** The record was too large for the broker; the whole one is in its node's journal. */
const stubShape = ({ bytes, leafHash }: Stub): object => ({
  bytes: Number(bytes),
  leaf_hash: base64(leafHash),
});

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
