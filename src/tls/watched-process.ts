import {
  processId,
  type ImageId,
  type Origin,
  type ProcessId,
  type ProcessKey,
  type TlsStack,
} from '../event/index.js';
import type { CoverageInfo } from '../event/index.js';

/** Files of one process that are told of as not readable. */
const UNREAD_MAX = 32;

const BUCKET = 8;
const REFILL_NS = 1_000_000_000n;
const RESCAN_NS = 5_000_000_000n;
const RESCANS_EVERY_5S = 12;
const RESCAN_SLOW_NS = 60_000_000_000n;

/** A stack that gets no probes. */
export interface UnreadStack {
  /** Empty: nobody knows what it is. */
  readonly library: string;
  readonly reason: string;
}

/** What is known of one process of an agent. */
export interface WatchedProcess {
  readonly key: ProcessKey;
  readonly id: ProcessId;
  origin: Origin;
  /** The readable stacks it maps: id and the path it has them by, which in another container is another. */
  stacks: Map<string, string>;
  /** The stacks it maps that cannot be read, by path. */
  unread: Map<string, UnreadStack>;
  /** It ran before the probes could be there. */
  existedBefore: boolean;
  /** A fork that did nothing on the network: what it maps is its parent's and says nothing yet. */
  silent: boolean;
  /** When its first flow was opened. */
  firstFlowNs: bigint | null;
  /** A flow was opened before the verdict: until then the kernel copies no plaintext. */
  talkedPending: boolean;
  hello: boolean;
  named: boolean;
  plaintext: boolean;
  /** The stack its plaintext came through last; null: not told. */
  through: TlsStack | null;
  lookingUp: boolean;
  /** Something happened while it was looked at: it is to be looked at once more. */
  again: boolean;
  /** What it runs; null: it is not known by an exec. */
  image: ImageId | null;
  /** What it ran when it was last asked about. */
  asked: ImageId | null;
  tokens: number;
  refilledNs: bigint;
  rescans: number;
  nextRescanNs: bigint;
  endedNs: bigint | null;
  /** What was told of each of its stacks. */
  rows: ReadonlyMap<string, CoverageInfo>;
  changes: number;
}

export function watchProcess(key: ProcessKey, origin: Origin): WatchedProcess {
  return {
    key,
    id: processId(key),
    origin,
    stacks: new Map(),
    unread: new Map(),
    existedBefore: false,
    silent: false,
    firstFlowNs: null,
    talkedPending: false,
    hello: false,
    named: false,
    plaintext: false,
    through: null,
    lookingUp: false,
    again: false,
    image: null,
    asked: null,
    tokens: BUCKET,
    refilledNs: origin.bootNs,
    rescans: 0,
    nextRescanNs: origin.bootNs + RESCAN_NS,
    endedNs: null,
    rows: new Map(),
    changes: 0,
  };
}

/** A new program in the same process: only its key and its share of look-ups remain. */
export function replaceImage(process: WatchedProcess, origin: Origin): void {
  const { tokens, refilledNs, changes, lookingUp, asked } = process;
  Object.assign(process, watchProcess(process.key, origin), {
    tokens,
    refilledNs,
    changes,
    lookingUp,
    asked,
  });
}

/** False: there is no room for another. */
export function addUnread(process: WatchedProcess, path: string, unread: UnreadStack): boolean {
  if (!process.unread.has(path) && process.unread.size >= UNREAD_MAX) return false;
  process.unread.set(path, unread);
  return true;
}

/** One look-up a second, eight at once: enough for any program, and no lever for a hostile one. */
export function takeToken(process: WatchedProcess, nowNs: bigint): boolean {
  const gained = (nowNs - process.refilledNs) / REFILL_NS;
  if (gained > 0n) {
    process.tokens = Math.min(BUCKET, process.tokens + Number(gained));
    process.refilledNs += gained * REFILL_NS;
  }
  if (process.tokens === 0) return false;
  process.tokens -= 1;
  return true;
}

/** Every 5 s for a minute, then every minute: a library may be opened at any time in a long life. */
export function isRescanDue(process: WatchedProcess, nowNs: bigint): boolean {
  if (nowNs < process.nextRescanNs) return false;
  process.rescans += 1;
  process.nextRescanNs = nowNs + (process.rescans < RESCANS_EVERY_5S ? RESCAN_NS : RESCAN_SLOW_NS);
  return true;
}
