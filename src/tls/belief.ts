import type { Command, TlsDataEvent } from '../event/index.js';
import type { Attachment } from './attachment.js';
import type { Attachments } from './attachments.js';
import { stacksOf } from './judge.js';
import { CALLS_MAX, type Verdict } from './self-check.js';
import type { WatchedProcess } from './watched-process.js';

interface Heard {
  readonly verdict: Verdict;
  readonly event: Pick<TlsDataEvent, 'layer' | 'attachment'>;
  readonly process: WatchedProcess;
  /** When the connection was opened; null: not known. */
  readonly openedNs: () => bigint | null;
}

interface Belief {
  readonly believed: boolean;
  /** Its functions are what they were taken for. */
  readonly prove: Attachment | null;
  /** They are not. */
  readonly distrust: Attachment | null;
  readonly why: string;
}

interface Told {
  /** What it came through; null: not told. */
  readonly through: Attachment | null;
  /** What the process maps. */
  readonly stacks: readonly Attachment[];
}

/** Libraries whose probes stand where records are sealed. */
const BELOW = new Set<string>(['aws-lc', 'ring']);

/**
 * Is this plaintext? What the functions of symbols gave is, whatever it looks like. What anchors found is believed once
 * one session began as applications do. It is given up when, before that, a session that was read from its beginning does
 * not. Where a session does not say by which of two stacks of one layer it was read, neither is judged.
 */
function believe(
  { verdict, event: { layer }, process, openedNs }: Heard,
  { through, stacks }: Told,
): Belief {
  const mapped = stacks.filter(
    ({ state, stack }) => state === 'attached' && BELOW.has(stack.library) === (layer !== 'stream'),
  );
  const candidates = through === null ? mapped : [through];
  const [only, second] = candidates;
  const unproven = second === undefined && only?.proven === false ? only : null;
  const nothing = { prove: null, distrust: null, why: '' };
  // Given up meanwhile.
  if (through !== null && through.distrust !== null) return { ...nothing, believed: false };
  if (unproven === null) {
    // A process that ended before it was looked at maps nothing that is known.
    const isUnknown = candidates.length === 0 && stacks.every(({ distrust }) => distrust === null);
    const isSure = isUnknown || candidates.some(({ proven }) => proven);
    return { ...nothing, believed: isSure || verdict === 'plausible' };
  }
  if (verdict === 'plausible') return { ...nothing, believed: true, prove: unproven };
  const { attachedNs } = unproven;
  if (verdict === 'open' || process.existedBefore) return { ...nothing, believed: false };
  const beganLater = (openedNs() ?? process.firstFlowNs ?? attachedNs) >= attachedNs;
  if (!beganLater) return { ...nothing, believed: false };
  const why = `no application begins so, in ${CALLS_MAX} calls`;
  return { believed: false, prove: null, distrust: unproven, why };
}

export interface Acted {
  readonly commands: Command[];
  readonly believed: boolean;
  /** It was believed of this process for the first time. */
  readonly isFirst: boolean;
  /** Of it another thing is true now, for everybody who maps it. */
  readonly about: Attachment | null;
}

/** What follows from a piece of plaintext. */
export function takeBelief(heard: Heard, attachments: Attachments): Acted {
  const { process, event } = heard;
  const through = attachments.through(event.attachment);
  const stacks = stacksOf(process, attachments).map(({ of }) => of);
  const { believed, prove, distrust, why } = believe(heard, { through, stacks });
  const isFirst = believed && !process.plaintext;
  process.plaintext ||= believed;
  if (believed && through !== null) process.through = through.stack;
  if (prove !== null) prove.proven = true;
  const commands = distrust === null ? [] : attachments.distrust(distrust, why);
  return { commands, believed, isFirst, about: prove ?? distrust };
}
