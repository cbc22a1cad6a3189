import type { FindingInfo, ProcessInfo, TlsInfo, Value } from '../event/index.js';
import type { RecordBody } from '../record/index.js';
import { agentPart, netPart, processPart, sensorPart, tlsPart } from './parts.js';
import type { Texts } from './texts.js';

type OfProcess = Extract<Value, { readonly process: ProcessInfo }>;
type OfConnection = Extract<OfProcess, { readonly tls: TlsInfo | null }>;

/** The part of a record that depends on its kind. */
export function detailOf(value: Value, texts: Texts): RecordBody {
  switch (value.kind) {
    case 'gap':
      return { ...agentOf(value, texts), ...gapOf(value) };
    case 'sensor':
    case 'config':
      return { ...agentOf(value, texts), sensor: sensorPart(value.sensor, texts) };
    case 'heartbeat':
      return { ...agentOf(value, texts), heartbeat: value.heartbeat };
    case 'retention':
      return { ...agentOf(value, texts), retention: value.retention };
    case 'checkpoint':
      return { ...agentOf(value, texts), checkpoint: value.checkpoint };
    case 'self_finding':
      return { ...agentOf(value, texts), finding: findingPart(value.finding, texts) };
    case 'exec':
    case 'exit':
    case 'flow':
    case 'dns':
    case 'tls_session':
    case 'http':
    case 'agent':
    case 'coverage':
    case 'finding':
      return {
        ...agentOf(value, texts),
        process: processPart(value.process, texts),
        ...actionOf(value, texts),
      };
  }
}

function agentOf(value: Value, texts: Texts): RecordBody {
  if (value.agent === null) return {};
  const agent = agentPart(value.agent, texts);
  if (value.kind !== 'agent') return { agent };
  return { agent: { ...agent, evidence: texts.sentences('agent.evidence', value.evidence) } };
}

function actionOf(value: OfProcess, texts: Texts): RecordBody {
  switch (value.kind) {
    case 'exec':
    case 'agent':
      return {};
    case 'exit':
      return { exit: value.signal === null ? { code: value.code ?? 0 } : { signal: value.signal } };
    case 'flow':
      return { net: netPart(value.net, texts) };
    case 'dns': {
      const question = texts.name('dns.question', value.question);
      return { net: netPart(value.net, texts), dns: { question, type: value.type } };
    }
    case 'coverage': {
      const library = texts.plain('coverage.library', value.coverage.library);
      const reason = texts.sentence('coverage.reason', value.coverage.reason);
      const path = texts.plain('coverage.path', value.coverage.path ?? '');
      return { coverage: { state: value.coverage.state, library, reason, path } };
    }
    case 'tls_session':
    case 'http':
    case 'finding':
      return { ...connectionOf(value, texts), ...findingOf(value, texts) };
  }
}

function connectionOf(value: OfConnection, texts: Texts): RecordBody {
  const http = value.kind === 'tls_session' ? null : value.http;
  return {
    ...(value.net && { net: netPart(value.net, texts) }),
    ...(value.tls && { tls: tlsPart(value.tls, texts) }),
    ...(http && {
      http: {
        method: texts.name('http.method', http.method),
        host: texts.plain('http.host', http.host),
        path: texts.path('http.path', http.path),
        status: http.status,
        version: texts.name('http.version', http.version),
      },
    }),
  };
}

function findingOf(value: OfConnection, texts: Texts): RecordBody {
  return value.kind === 'finding' ? { finding: findingPart(value.finding, texts) } : {};
}

function findingPart(
  { rule, summary, evidence, expected, waitedMs }: FindingInfo,
  texts: Texts,
): NonNullable<RecordBody['finding']> {
  return {
    rule,
    summary: texts.sentence('finding.summary', summary),
    evidence: texts.sentences('finding.evidence', evidence),
    expected: texts.sentence('finding.expected', expected),
    waitedMs,
  };
}

/** Loss in a ring is named by the ring. */
function gapOf({ gap }: Extract<Value, { readonly kind: 'gap' }>): RecordBody {
  const { stage, ring, cpu, cause, count, first, last } = gap;
  return {
    gap: {
      stage: stage === 'ring' ? ring : stage,
      cpu,
      cause,
      count,
      ...(first !== undefined && { firstSeq: first }),
      ...(last !== undefined && { lastSeq: last }),
    },
  };
}
