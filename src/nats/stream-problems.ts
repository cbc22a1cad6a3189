import type { StreamConfig } from 'nats';
import { clean } from './failure.js';
import { DUPLICATE_WINDOW_MS, NS_PER_MS } from './stream-spec.js';
import type { StreamSpec } from './stream-spec.js';

/** As a server of any version, or one that lies, may give it. */
type Found = Partial<Record<keyof StreamConfig, unknown>>;

/** nats-server's default max_payload. */
const COMMON_PAYLOAD = 1 << 20;

/** What of a stream that is there is not as it should be, and matters; a sentence each. */
export function streamProblems(spec: StreamSpec, found: Found): string[] {
  const { name } = spec;
  return [
    ...subjectProblem(spec, found),
    ...keepingProblems(name, found),
    ...timeProblems(spec, found),
    ...sizeProblems(name, found),
  ];
}

const edit = (name: string, option: string): string => `nats stream edit ${name} ${option}`;
const remake = (name: string): string =>
  `it cannot be edited: nats stream rm ${name}, and whoever comes next makes it`;

function subjectProblem({ name, subject }: StreamSpec, { subjects }: Found): string[] {
  const all = Array.isArray(subjects) ? subjects.map(String) : [];
  if (all.some((one) => covers(one, subject))) return [];
  return [
    `the subjects of ${name} are ${clean(all.join(', ')) || 'none'} and should hold ${subject}: ` +
      `what is published elsewhere is not stored: ${edit(name, `--subjects '${subject}'`)}`,
  ];
}

/** Whether everything on `inner` is on `outer`, too; both may end in `>`. */
function covers(outer: string, inner: string): boolean {
  if (outer === '>' || outer === inner) return true;
  return outer.endsWith('.>') && inner.startsWith(outer.slice(0, -1));
}

function keepingProblems(name: string, found: Found): string[] {
  const { storage, retention, discard, no_ack, sealed } = found;
  const problems: string[] = [];
  if (storage !== 'file') {
    problems.push(
      `the storage of ${name} is ${said(storage)} and should be file: what the gateway has not read is lost ` +
        `when the server restarts; ${remake(name)}`,
    );
  }
  if (retention !== 'limits') {
    problems.push(
      `the retention of ${name} is ${said(retention)} and should be limits: what one reader took is gone for ` +
        `every other; ${remake(name)}`,
    );
  }
  if (discard !== 'old') {
    problems.push(
      `${name} discards ${said(discard)} and should discard old: when it is full, nodes wait and nothing ` +
        `arrives: ${edit(name, '--discard old')}`,
    );
  }
  if (no_ack === true) {
    problems.push(
      `${name} gives no acknowledgements and should: nothing ever counts as sent: ${edit(name, '--ack')}`,
    );
  }
  if (sealed === true) {
    problems.push(
      `${name} is sealed and should not be: it stores nothing that is published; ${remake(name)}`,
    );
  }
  return problems;
}

function timeProblems({ name, maxAgeMs }: StreamSpec, found: Found): string[] {
  const problems: string[] = [];
  const window = Number(found.duplicate_window ?? 0) / NS_PER_MS;
  if (window < DUPLICATE_WINDOW_MS) {
    problems.push(
      `the duplicate window of ${name} is ${seconds(window)} and should be 120 s: records sent again are stored ` +
        `again: ${edit(name, '--dupe-window 2m')}`,
    );
  }
  const age = Number(found.max_age ?? 0) / NS_PER_MS;
  const wanted = maxAgeMs === null ? 'without end' : seconds(maxAgeMs);
  const change = edit(name, `--max-age ${maxAgeMs === null ? '0' : `${maxAgeMs / 1000}s`}`);
  if (age > 0 && (maxAgeMs === null || age < maxAgeMs)) {
    problems.push(
      `${name} keeps messages for ${seconds(age)} and should keep them ${wanted}: what the gateway has not read ` +
        `by then is gone: ${change}`,
    );
  } else if (!(age > 0) && maxAgeMs !== null) {
    problems.push(
      `${name} keeps messages without end and should keep them ${wanted}: the server's disk fills: ${change}`,
    );
  }
  return problems;
}

function sizeProblems(name: string, found: Found): string[] {
  const perSubject = Number(found.max_msgs_per_subject ?? -1);
  const largest = Number(found.max_msg_size ?? -1);
  const problems: string[] = [];
  if (perSubject > 0) {
    problems.push(
      `${name} keeps ${perSubject} messages a subject and should keep all: older records of an agent are gone ` +
        `before the gateway read them: ${edit(name, '--max-msgs-per-subject -1')}`,
    );
  }
  if (largest > 0 && largest < COMMON_PAYLOAD) {
    problems.push(
      `${name} takes messages of ${largest} bytes and should take any the server takes: larger records arrive as ` +
        `stubs: ${edit(name, '--max-msg-size -1')}`,
    );
  }
  return problems;
}

const said = (value: unknown): string => (typeof value === 'string' ? clean(value) : 'unknown');
const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
