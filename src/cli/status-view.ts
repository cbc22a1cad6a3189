import { escapeText } from '../present/index.js';
import type { Status } from '../telemetry/index.js';
import { branch, count, text } from './counters.js';
import type { Branch } from './counters.js';
import { evidenceLines, evidenceTroubles } from './evidence-view.js';
import { duration } from './time.js';

/** What an operator wants to know first; every counter is in `-o json`. */
export const statusText = (status: Status): string => {
  const troubles = troublesOf(status);
  const lines: (readonly [string, string])[] = [
    ['health', troubles.length === 0 ? 'ok' : troubles.join('; ')],
    ['daemon', `${status.version}, pid ${status.pid}, up ${duration(status.uptime_s)}`],
    ['node', `${status.node} (tenant ${status.tenant}), kernel ${status.kernel}`],
    ['config', status.config ?? 'defaults'],
    ['sensors', `${running(status)} of ${status.programs.length} programs run`],
    ...status.degraded.map((line) => ['  missing', line] as const),
    ['events', eventsText(status)],
    ...lossLines(status).map((line) => ['  lost', line] as const),
    ['agents', agentsText(status)],
    ['journal', journalText(branch(status.journal))],
    ...evidenceLines(status),
    ...limitsLines(status).map((line) => ['limits', line] as const),
    ...(status.recording === null ? [] : [['recording', status.recording] as const]),
  ];
  return lines.map(([name, text]) => `${name.padEnd(10)} ${escapeText(text)}`).join('\n');
};

const troublesOf = (status: Status): string[] => {
  const { stalled, shedding } = branch(status.journal);
  const missing = status.programs.length - running(status);
  return [
    ...(missing === 0 ? [] : [`${missing} program${missing === 1 ? '' : 's'} missing`]),
    ...(status.pinning.state === 'refused' ? ['a crash of the daemon would lose events'] : []),
    ...(lossLines(status).length === 0 ? [] : ['something was lost since the start']),
    ...(typeof stalled === 'string' ? [`the journal cannot be written: ${stalled}`] : []),
    ...(shedding === true ? ['the disk is full: only what matters most is kept'] : []),
    ...evidenceTroubles(status),
    ...(status.paused ? ['paused: the journal cannot keep up, the rings fill'] : []),
  ];
};

const running = ({ programs }: Status): number =>
  programs.filter(({ state }) => state === 'attached' || state === 'ready').length;

const ringsOf = ({ pipeline }: Status): readonly Branch[] => {
  const { rings } = branch(branch(pipeline)['accounting']);
  return Array.isArray(rings) ? rings.map(branch) : [];
};

/** Residual: emitted, and neither delivered nor dropped so far. */
const eventsText = (status: Status): string => {
  const rings = ringsOf(status);
  const sum = (key: string): number => rings.reduce((all, ring) => all + count(ring, key), 0);
  return `${sum('delivered')} of ${sum('emitted')} delivered, ${sum('dropped')} lost, residual ${sum('residual')}`;
};

const lossLines = (status: Status): string[] => {
  const { losses } = branch(status.journal);
  const journal = Array.isArray(losses) ? losses.map(branch) : [];
  return [
    ...ringsOf(status)
      .filter((ring) => count(ring, 'dropped') > 0)
      .map((ring) => `ring ${text(ring, 'ring')}: ${count(ring, 'dropped')}`),
    ...journal
      .filter((loss) => count(loss, 'count') > 0)
      .map((loss) => `journal: ${count(loss, 'count')}, ${text(loss, 'cause')}`),
  ];
};

const agentsText = ({ pipeline }: Status): string => {
  const all = branch(pipeline);
  const processes = branch(all['processes']);
  const living = count(processes, 'processes') - count(processes, 'ended');
  const flows = count(branch(branch(all['activity'])['flows']), 'flows');
  const pending = count(branch(all['registry']), 'pending');
  return `${count(all, 'agents')} run with ${living} processes and ${flows} flows, ${pending} undecided`;
};

const journalText = (journal: Branch): string =>
  `at record ${text(journal, 'committed')}, ${mebibytes(count(journal, 'bytes'))} MiB in ` +
  `${count(journal, 'segments')} segments, ${count(journal, 'backlog')} waiting`;

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

const LIMIT = /evict|refus|timeout|dropped|overflow|untracked|invalid|malformed|failed/i;

/** Counters that say that a limit was reached, or that something could not be read; those of losses stand above. */
const limitsLines = ({ pipeline, readers }: Status): string[] => {
  const found = [...leaves('', branch(pipeline)), ...leaves('readers', branch(readers))]
    .filter(([path, value]) => value > 0 && LIMIT.test(path) && !path.startsWith('accounting.'))
    .map(([path, value]) => `${path}=${value}`);
  return found.length === 0 ? [] : [found.join(' ')];
};

const leaves = (path: string, tree: Branch): (readonly [string, number])[] =>
  Object.entries(tree).flatMap(([key, value]) => {
    const at = path === '' ? key : `${path}.${key}`;
    if (typeof value === 'object') return leaves(at, branch(value));
    const number = Number(value);
    return Number.isNaN(number) ? [] : [[at, number] as const];
  });
