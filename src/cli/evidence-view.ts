import type { Status } from '../telemetry/index.js';
import { branch, count, text, textsIn } from './counters.js';
import type { Branch } from './counters.js';
import { duration } from './time.js';

/** What becomes of the records once they are durable: signatures, the way to the gateway, its cosignatures. */
export const evidenceLines = ({ signer, publish }: Status): (readonly [string, string])[] => [
  ['signed', signedText(branch(signer), signer === null)],
  ...(publish === null
    ? [['publish', 'to nobody: publish.nats.servers is empty'] as const]
    : publishLines(branch(publish))),
];

export const evidenceTroubles = ({ signer, publish }: Status): string[] => {
  const { condition } = branch(signer);
  const sent = branch(publish);
  const rows = branch(sent['assembly']);
  return [
    ...(condition === 'running' ? [] : ['nothing is signed']),
    ...(sent['stalled'] === true ? [`publishing has stalled: ${waiting(sent)}`] : []),
    ...(rows['stalled'] === true ? [`Agent Assembly's rows have stalled: ${waiting(rows)}`] : []),
    ...(isRefused(sent) || isRefused(rows) ? ['the broker refuses records'] : []),
    ...(count(sent, 'missed') > 0 ? ['records were gone before they could be sent'] : []),
  ];
};

const signedText = (signer: Branch, isOff: boolean): string => {
  if (isOff) return 'nothing: the signer did not start, the log says why';
  const { condition, lastError } = signer;
  const upTo = `up to record ${text(signer, 'size')}`;
  if (condition === 'running') return upTo;
  const why = typeof lastError === 'string' ? `: ${lastError}` : '';
  return `${upTo}; the signer is ${text(signer, 'condition')}${why}`;
};

const publishLines = (publish: Branch): (readonly [string, string])[] => {
  const link = branch(publish['link']);
  const { lastError, cosignatures } = publish;
  const answers = branch(cosignatures);
  const cosigned =
    cosignatures === null
      ? 'publish.gateway_key is not set'
      : `cosigned up to ${text(publish, 'cosigned')}`;
  const place = `${text(link, 'state')} ${text(link, 'server')}`.trim();
  return [
    ['publish', `${place}, ${sentText(publish)}, ${cosigned}`],
    ...refusalLines(publish),
    ...(link['state'] !== 'connected' && typeof lastError === 'string'
      ? [['  no link', lastError] as const]
      : []),
    ...(count(publish, 'missed') > 0
      ? [['  missed', `${text(publish, 'missed')} records, never sent`] as const]
      : []),
    ...(count(answers, 'refused') > 0
      ? [['  refused', `a cosignature: ${text(answers, 'lastRefusal')}`] as const]
      : []),
    ...assemblyLines(branch(publish['assembly'])),
  ];
};

const assemblyLines = (rows: Branch): (readonly [string, string])[] =>
  rows['stream'] === undefined ? [] : [['  assembly', sentText(rows)], ...refusalLines(rows)];

const sentText = (stream: Branch): string =>
  `acknowledged up to ${text(stream, 'ackedSeq')}, ${waiting(stream)}`;

const waiting = (stream: Branch): string => {
  const seconds = Math.floor(count(stream, 'backlogAgeMs') / 1000);
  const since = count(stream, 'backlog') === 0 ? '' : ` for ${duration(seconds)}`;
  return `${text(stream, 'backlog')} waiting${since}`;
};

const isRefused = ({ refused }: Branch): boolean => typeof refused === 'string';

const refusalLines = (stream: Branch): (readonly [string, string])[] => [
  ...(isRefused(stream) ? [['  refused', text(stream, 'refused')] as const] : []),
  ...textsIn(stream, 'problems').map((problem) => ['  stream', problem] as const),
];
