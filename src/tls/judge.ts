import type { CoverageInfo, CoverageState, ProcessId } from '../event/index.js';
import type { Attachment } from './attachment.js';
import type { Attachments } from './attachments.js';
import type { CoverageChange } from './coverage.js';
import type { UnreadStack, WatchedProcess } from './watched-process.js';

/** What can be read of each stack of a process, by what the stack is. */
export type Rows = ReadonlyMap<string, CoverageInfo>;

/** A process is seen to use TLS by what it says, not by what it maps. */
const NO_STACK = '';
const UNKNOWN_STACK = 'plaintext';

/**
 * Nothing while nothing shows that the process uses TLS; of a stack nothing while an attachment or a look-up that would
 * answer the question is under way.
 */
function judgeCoverage(
  process: WatchedProcess,
  attachments: Attachments,
): Map<string, CoverageInfo> {
  const rows = new Map<string, CoverageInfo>();
  if (process.silent) return rows;
  const stacks = stacksOf(process, attachments);
  for (const used of stacks) {
    const coverage = judgeStack(process, used);
    if (coverage !== null) rows.set(used.id, coverage);
  }
  for (const [path, unread] of process.unread) {
    rows.set(`unread ${path} ${unread.library}`, unreadRow(process, path, unread));
  }
  const isRead = stacks.some(({ of }) => of.state === 'attached');
  if (isRead) return rows;
  if (process.plaintext) {
    const reason = isLate(process, null) ? 'recognised_late' : 'attached';
    const { library, path } = process.through ?? { library: attachments.anyLibrary() };
    const of = path === undefined ? { library } : { library, path };
    rows.set(UNKNOWN_STACK, { state: 'plaintext', ...of, reason });
  } else if (rows.size === 0 && process.hello && !process.lookingUp) {
    const isComing = stacks.some(({ of }) => of.state === 'attaching');
    const state = unreadState(process);
    if (!isComing) rows.set(NO_STACK, { state, library: '', reason: 'no_known_stack' });
  }
  return rows;
}

/** What is new of several processes since they were judged last. */
export const retellAll = (
  ids: Iterable<ProcessId>,
  processes: { byId(id: ProcessId): WatchedProcess | undefined },
  attachments: Attachments,
): CoverageChange[] =>
  [...ids].flatMap((id) => {
    const process = processes.byId(id);
    return process === undefined ? [] : retell(process, attachments);
  });

/** What is new of it since it was judged last. */
export function retell(process: WatchedProcess, attachments: Attachments): CoverageChange[] {
  const before = process.rows;
  const rows = judgeCoverage(process, attachments);
  // While something is under way, what was told of it holds.
  for (const [id, row] of before) if (!rows.has(id) && process.stacks.has(id)) rows.set(id, row);
  process.rows = rows;
  const { key, origin } = process;
  const changes: CoverageChange[] = [];
  for (const [id, coverage] of rows) {
    const told = before.get(id);
    if (told?.state === coverage.state && told.reason === coverage.reason) continue;
    process.changes += 1;
    changes.push({ key, coverage, origin, number: process.changes });
  }
  return changes;
}

/** A stack as one process has it. */
interface UsedStack {
  readonly id: string;
  readonly path: string;
  readonly of: Attachment;
}

export const stacksOf = (process: WatchedProcess, attachments: Attachments): UsedStack[] =>
  [...process.stacks].flatMap(([id, path]) => {
    const of = attachments.get(id);
    return of === undefined ? [] : [{ id, path, of }];
  });

/** Has one of them been read since then, as far as probes can tell? */
export const isReadable = (
  process: WatchedProcess,
  attachments: Attachments,
  sinceNs: bigint,
): boolean =>
  stacksOf(process, attachments).some(
    ({ of: { state, attachedNs, tampered } }) =>
      state === 'attached' && attachedNs <= sinceNs && !tampered.has(process.id),
  );

/** The best of them: what may be hoped for of a process. */
export function bestOf(rows: Rows): CoverageInfo | null {
  let best: CoverageInfo | null = null;
  for (const row of rows.values()) {
    if (best === null || RANK[row.state] > RANK[best.state]) best = row;
  }
  return best;
}

const RANK: Readonly<Record<CoverageState, number>> = { blind: 0, metadata: 1, plaintext: 2 };

function judgeStack(process: WatchedProcess, { of: stack, path }: UsedStack): CoverageInfo | null {
  const { library } = stack.stack;
  if (stack.distrust !== null) {
    return { state: 'metadata', library, path, reason: `implausible: ${stack.distrust}` };
  }
  const row = { state: unreadState(process), library, path };
  if (stack.tampered.has(process.id)) return { ...row, reason: 'tampered' };
  if (stack.held === 'reduced') return { ...row, reason: 'reduced' };
  switch (stack.state) {
    case 'attached': {
      const late = isLate(process, stack.attachedNs);
      const reason = late ? 'recognised_late' : stack.proven ? 'attached' : 'unproven';
      return { state: 'plaintext', library, path, reason };
    }
    case 'failed': {
      return { ...row, reason: `attach_failed: ${stack.error}` };
    }
    case 'attaching':
    case 'detaching':
      return null;
  }
}

/** Bytes can only have been missed by a process that was there, or had talked, before the probes were. */
const isLate = (process: WatchedProcess, attachedNs: bigint | null): boolean =>
  process.existedBefore ||
  process.talkedPending ||
  (attachedNs !== null && process.firstFlowNs !== null && process.firstFlowNs < attachedNs);

const unreadState = (process: WatchedProcess): CoverageState =>
  process.named ? 'metadata' : 'blind';

/** A library that was recognised and could not be read is blind, whatever else of the process is known. */
const unreadRow = (
  process: WatchedProcess,
  path: string,
  { library, reason }: UnreadStack,
): CoverageInfo => ({
  state: library === '' ? unreadState(process) : 'blind',
  library,
  path,
  reason,
});
