import { className, severityName } from '../record/index.js';
import type { StoredRecord } from '../record/index.js';

export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type SeverityName = (typeof SEVERITIES)[number];

/** As the schema of `-o json` lists them. */
export const KINDS = [
  'exec',
  'exit',
  'flow',
  'dns',
  'tls_session',
  'http',
  'llm_call',
  'tool_call',
  'file',
  'agent',
  'governance',
  'coverage',
  'gap',
  'sensor',
  'heartbeat',
  'config',
  'retention',
  'checkpoint',
  'finding',
] as const;

/** Which records to show; what is absent lets everything pass. */
export interface RecordFilter {
  /** Not only findings. */
  readonly all?: boolean;
  /** Glob on the agent's id, name or session. */
  readonly agent?: string;
  readonly rule?: string;
  /** This severity and above. */
  readonly severity?: SeverityName;
  readonly kind?: string;
  readonly pid?: number;
  /** Unix nanoseconds. */
  readonly since?: bigint;
  readonly until?: bigint;
}

/** A test for records. Without `all` and without `kind` only findings pass. */
export const recordTest = (filter: RecordFilter): ((record: StoredRecord) => boolean) => {
  const { agent, rule, severity, kind, pid, since, until } = filter;
  const findingsOnly = filter.all !== true && kind === undefined;
  const agentTest = agent === undefined ? null : globTest(agent);
  const ruleTest = rule === undefined ? null : globTest(rule);
  const least = severity === undefined ? 0 : SEVERITIES.indexOf(severity);
  return (record) => {
    if (findingsOnly && className(record.class) !== 'finding') return false;
    if (kind !== undefined && record.kind !== kind) return false;
    if (pid !== undefined && record.process?.pid !== pid) return false;
    if (since !== undefined && record.wallNs < since) return false;
    if (until !== undefined && record.wallNs > until) return false;
    if (severity !== undefined && rank(record) < least) return false;
    if (ruleTest !== null && !ruleTest(record.finding?.rule ?? '')) return false;
    if (agentTest === null) return true;
    const { id = '', name = '', session = '' } = record.agent ?? {};
    return agentTest(id) || agentTest(name) || agentTest(session);
  };
};

/** -1 for a record without a severity. */
const rank = (record: StoredRecord): number =>
  (SEVERITIES as readonly string[]).indexOf(severityName(record.severity));

/** `*` any run of characters, `?` one; everything else is itself. */
export const globTest = (glob: string): ((text: string) => boolean) => {
  const source = glob
    .replace(/\*+/g, '*')
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const pattern = new RegExp(`^${source}$`, 's');
  return (text) => pattern.test(text);
};
