import { severityName } from '../record/index.js';
import type {
  Agent,
  Gap,
  Heartbeat,
  Net,
  Process,
  Sensor,
  StoredRecord,
  Tls,
} from '../record/index.js';
import { escapeText, quoteText } from './escape.js';
import { formatClock } from './time.js';

export interface PrettyOptions {
  /** With colours, for a terminal that shows them. */
  readonly color: boolean;
}

const MAX_TEXT = 240;
const RESET = '\x1b[0m';
const DIM = '\x1b[2m';
const COLORS: Readonly<{ [label: string]: string }> = {
  critical: '\x1b[1;35m',
  high: '\x1b[1;31m',
  medium: '\x1b[33m',
  low: '\x1b[36m',
  gap: '\x1b[33m',
};

/** One line an event: time of day (UTC), severity and rule or kind, who, where to, what. */
export function toPretty(record: StoredRecord, { color }: PrettyOptions): string {
  const { finding, net, agent, process } = record;
  const label = finding ? severityName(record.severity) : record.kind;
  const paint = color ? painter(COLORS[label] ?? DIM) : escapeText;
  const words = [
    formatClock(record.wallNs),
    paint(finding ? `${label.toUpperCase()} ${finding.rule}` : label),
    escapeText(process ? processWord(process) : ''),
    agent ? agentWord(agent) : '',
    escapeText(net ? `-> ${netWord(net)}` : ''),
  ];
  const text = escapeText(clip(textOf(record)));
  return words.filter((word) => word !== '').join(' ') + (text === '' ? '' : `  ${text}`);
}

const painter =
  (code: string) =>
  (text: string): string =>
    `${code}${escapeText(text)}${RESET}`;

const clip = (text: string): string =>
  text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;

function processWord({ exe, pid }: Process): string {
  return `${clip(exe.slice(exe.lastIndexOf('/') + 1)) || '?'}[${pid}]`;
}

/** An agent that an agent started, and who that was: `child < parent`. */
function agentWord({ id, under }: Agent): string {
  if (id === '' || !under) return id && quoteText(id);
  const parent = quoteText(under.parent?.id ?? '');
  return `${quoteText(id)} < ${parent}${under.handedOff ? ' (suspected)' : ''}`;
}

function netWord({ host, dstIp, dstPort }: Net): string {
  if (host === '' || host === dstIp)
    return dstIp.includes(':') ? `[${dstIp}]:${dstPort}` : `${dstIp}:${dstPort}`;
  return `${clip(host)}:${dstPort}${dstIp === '' ? '' : ` (${dstIp})`}`;
}

/** What there is to say of a record besides who and where to. */
function textOf(record: StoredRecord): string {
  const { finding, http, dns, tls, exit, coverage, gap, sensor, heartbeat, net, agent } = record;
  if (finding) return finding.summary;
  if (http) return `${http.method} ${http.path} ${http.status === 0 ? '-' : http.status}`;
  if (dns) return `${dns.type} ${dns.question}`;
  if (tls) return tlsText(tls);
  if (exit) return exit.signal === null ? `code ${exit.code ?? 0}` : `signal ${exit.signal}`;
  if (coverage)
    return [coverage.state, coverage.library, coverage.reason, coverage.path]
      .filter(Boolean)
      .join(' ');
  if (gap) return gapText(gap);
  if (sensor) return sensorText(sensor);
  if (heartbeat) return heartbeatText(heartbeat);
  const { checkpoint, retention } = record;
  if (checkpoint) return `signed up to record ${checkpoint.size}`;
  if (retention) return `records ${retention.firstSeq} to ${retention.lastSeq} go`;
  if (net) return [net.proto, net.result, net.error].filter(Boolean).join(' ');
  if (record.kind === 'agent') return [agent?.assurance, ...(agent?.evidence ?? [])].join(' ');
  return record.process ? commandText(record.process) : '';
}

function tlsText({ library, sni, alpn, coverage, ja4, ech, quic, nameService }: Tls): string {
  const version = quic === '' ? '' : `quic-${quic}`;
  const marks = [ech ? 'ech' : '', nameService];
  return [library, version, sni, ...alpn, ...marks, ja4, coverage].filter(Boolean).join(' ');
}

function gapText({ stage, cpu, cause, count, firstSeq, lastSeq }: Gap): string {
  const range = firstSeq === null || lastSeq === null ? '' : `, ${firstSeq} to ${lastSeq}`;
  // A daemon that was killed cannot say how much it had not written.
  const lost = count === 0n ? 'an unknown number' : `${count}`;
  return `${stage} cpu ${cpu}: ${lost} lost, ${cause}${range}`;
}

function sensorText({ event, detail, fields }: Sensor): string {
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
  return [event, detail, ...pairs].filter(Boolean).join(' ');
}

function heartbeatText({ number, rings, agents, backlog }: Heartbeat): string {
  const lost = rings.reduce((sum, ring) => sum + ring.dropped, 0n);
  const seen = rings.reduce((sum, ring) => sum + ring.delivered, 0n);
  const waiting = backlog === 0n ? '' : `, ${backlog} records wait`;
  return `#${number}: ${agents} agents, ${seen} events, ${lost} lost${waiting}`;
}

/** Arguments that hold a blank are quoted, so that one does not look like two. */
function commandText({ exe, argv }: Process): string {
  const words = argv.slice(1).map((word) => (/^[^\s']+$/.test(word) ? word : `'${word}'`));
  return [exe, ...words].join(' ');
}
