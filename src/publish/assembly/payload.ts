import { claimName, severityName } from '../../record/index.js';
import type {
  Agent,
  AgentLink,
  Finding,
  Gap,
  Net,
  Process,
  StoredRecord,
  Tls,
} from '../../record/index.js';
import { Texts } from './texts.js';

/**
 * The detail of a row. The gateway deletes some keys wherever they stand (`prompt`, `completion`, `tool_args` and kin): every
 * key here is one of ours, and what came from the watched is only ever a value. 64-bit numbers are decimal text. What is
 * undefined is left out.
 */
export function payloadOf(record: StoredRecord): object {
  const texts = new Texts();
  const { finding, net, http, tls, dns, exit, gap, process, agent, redaction } = record;
  return {
    source: 'ebpf',
    node: texts.one(record.node),
    tenant: texts.one(record.tenant),
    boot_id: record.bootId,
    epoch: record.epoch,
    seq: `${record.seq}`,
    kind: texts.one(record.kind),
    claim: claimName(record.claim),
    severity: record.severity === 0 ? undefined : severityName(record.severity),
    agent: agent ? agentDetail(agent, texts) : undefined,
    finding: finding ? findingDetail(finding, texts) : undefined,
    net: net ? netDetail(net, texts) : undefined,
    http: http
      ? {
          method: texts.one(http.method),
          host: texts.one(http.host),
          path: texts.one(http.path),
          status: http.status || undefined,
        }
      : undefined,
    tls: tls ? tlsDetail(tls, texts) : undefined,
    dns: dns ? { question: texts.one(dns.question), type: texts.one(dns.type) } : undefined,
    exit: exit ? { code: exit.code ?? undefined, signal: exit.signal ?? undefined } : undefined,
    gap: gap ? gapDetail(gap, texts) : undefined,
    process: process ? processDetail(process, texts) : undefined,
    redaction: some(
      texts.list(
        (redaction?.items ?? []).map((item) => `${item.field} ${item.kind} ${item.count}`),
      ),
    ),
  };
}

const some = (list: readonly string[]): readonly string[] | undefined =>
  list.length > 0 ? list : undefined;

const orNone = (text: string): string | undefined => text || undefined;

/** That gateway's table has no column for who started whom. */
const agentDetail = ({ id, name, assurance, evidence, under }: Agent, texts: Texts): object => ({
  id: texts.one(id),
  name: texts.one(name),
  assurance,
  evidence: some(texts.list(evidence)),
  under: under
    ? {
        parent: linkDetail(under.parent, texts),
        root: linkDetail(under.root, texts),
        depth: under.depth,
        handed_off: under.handedOff,
      }
    : undefined,
});

const linkDetail = (link: AgentLink | null, texts: Texts): object => ({
  id: texts.one(link?.id ?? ''),
  session: texts.one(link?.session ?? ''),
});

const findingDetail = (finding: Finding, texts: Texts): object => ({
  rule: texts.one(finding.rule),
  summary: texts.one(finding.summary),
  evidence: texts.list(finding.evidence),
  expected: texts.one(finding.expected),
  waited_ms: finding.waitedMs,
});

const netDetail = (net: Net, texts: Texts): object => ({
  proto: net.proto,
  family: net.family,
  src_ip: net.srcIp,
  src_port: net.srcPort,
  dst_ip: net.dstIp,
  dst_port: net.dstPort,
  host: orNone(texts.one(net.host)),
  host_source: orNone(net.hostSource),
  result: orNone(net.result),
  error: orNone(net.error),
});

const tlsDetail = (tls: Tls, texts: Texts): object => ({
  library: orNone(texts.one(tls.library)),
  sni: orNone(texts.one(tls.sni)),
  alpn: texts.list(tls.alpn),
  coverage: orNone(tls.coverage),
  ja4: orNone(tls.ja4),
  ech: tls.ech || undefined,
  quic: orNone(tls.quic),
  name_service: orNone(tls.nameService),
});

const gapDetail = (gap: Gap, texts: Texts): object => ({
  stage: texts.one(gap.stage),
  cpu: gap.cpu,
  cause: texts.one(gap.cause),
  count: `${gap.count}`,
  first_seq: gap.firstSeq === null ? undefined : `${gap.firstSeq}`,
  last_seq: gap.lastSeq === null ? undefined : `${gap.lastSeq}`,
});

const processDetail = (process: Process, texts: Texts): object => ({
  pid: process.pid,
  start_ns: `${process.startNs}`,
  ppid: process.ppid,
  uid: process.uid,
  ns_pid: process.nsPid || undefined,
  exe: texts.one(process.exe),
  program: orNone(texts.one(process.program)),
  argv: texts.list(process.argv),
  argv_truncated: process.argvTruncated || undefined,
  cwd: texts.one(process.cwd),
  container: orNone(texts.one(process.container)),
  container_runtime: orNone(texts.one(process.containerRuntime)),
  pod_uid: orNone(texts.one(process.podUid)),
  image: orNone(texts.one(process.image)),
  chain: some(texts.list(process.chain.map(({ pid, exe }) => `${pid} ${exe}`))),
  bootstrap: process.bootstrap || undefined,
});
