import type { Net, StoredRecord } from '../../record/index.js';
import { cleanText } from './texts.js';

/** People read it in a table. */
const MAX_TARGET = 400;

/**
 * What was done, in words: `net.connect api.openai.com:443`. A finding has the words of the deed it judges and then its
 * rule, `net.connect api.openai.com:443 (bypass.direct_egress)`: of what we say, the gateway keeps nothing else that could
 * name it.
 */
export function actionOf(record: StoredRecord): string {
  const { finding } = record;
  const { verb, target = '', result = '' } = deedOf(record);
  const words = [verb, cleanText(target, MAX_TARGET), result, finding && `(${finding.rule})`];
  return cleanText(words.filter(Boolean).join(' '));
}

interface Deed {
  readonly verb: string;
  readonly target?: string;
  readonly result?: string;
}

function deedOf(record: StoredRecord): Deed {
  switch (record.kind === 'finding' ? judgedKind(record) : record.kind) {
    case 'exec':
      return { verb: 'process.exec', target: record.process?.exe ?? '' };
    case 'exit':
      return { verb: 'process.exit', target: record.process?.exe ?? '', result: endOf(record) };
    case 'flow':
      return flowDeed(record.net);
    case 'dns':
      return { verb: 'net.dns', target: dnsTarget(record) };
    case 'tls_session':
      return { verb: 'tls.session', target: address(record.net) };
    case 'http':
      return httpDeed(record);
    case 'agent':
      return { verb: 'agent.spawn', target: record.agent?.name ?? '' };
    case 'gap':
      return gapDeed(record);
    case 'self_finding':
      return { verb: 'sensor.report' };
    default:
      return { verb: record.kind };
  }
}

/** The deed a finding is about: the request, else the connection, else the program. */
function judgedKind({ http, net, process }: StoredRecord): string {
  if (http) return 'http';
  if (net) return 'flow';
  return process ? 'exec' : 'self_finding';
}

const endOf = ({ exit }: StoredRecord): string =>
  exit?.signal ? `signal ${exit.signal}` : `code ${exit?.code ?? 0}`;

/** Without a connection, UDP sends. */
const flowDeed = (net: Net | null): Deed => ({
  verb: net?.proto === 'tcp' ? 'net.connect' : 'net.send',
  target: address(net),
  result: net?.error ?? '',
});

const dnsTarget = ({ dns }: StoredRecord): string =>
  [dns?.type, dns?.question].filter(Boolean).join(' ');

/** A path is what is cut, never the method or the host. */
const httpDeed = ({ http, net }: StoredRecord): Deed => ({
  verb: 'http.request',
  target: `${http?.method ?? ''} ${http?.host || address(net)}${http?.path ?? ''}`,
  result: http?.status ? `${http.status}` : '',
});

const gapDeed = ({ gap }: StoredRecord): Deed => ({
  verb: 'sensor.gap',
  target: [gap?.stage, gap?.cause].filter(Boolean).join(' '),
  // Zero: nobody can know.
  result: gap?.count ? `${gap.count} lost` : 'some lost',
});

function address(net: Net | null): string {
  if (net === null) return '';
  const host = net.host || net.dstIp;
  return `${host.includes(':') ? `[${host}]` : host}:${net.dstPort}`;
}
