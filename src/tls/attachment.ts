import { type ProbeSite, type ProcessId, type ProcessKey, type TlsStack } from '../event/index.js';

/** `rewritten`: other code stands in its file, which is looked up again. `reduced`: it was called too often. */
export type Held = 'rewritten' | 'reduced';

/** One stack of one file that holds, or should hold, our probes. */
export interface Attachment {
  readonly stack: TlsStack;
  state: 'attaching' | 'attached' | 'detaching' | 'failed';
  error: string;
  tries: number;
  attachedNs: bigint;
  /** What plaintext of its probes is marked with; null: not told. */
  number: number | null;
  /** Its functions are what they are called: by symbols, or the first bytes of a session showed it. */
  proven: boolean;
  /** What its probes gave cannot be plaintext: it gets none again. null: nothing speaks against it. */
  distrust: string | null;
  /** Why it is to have no probes for now; null: it may. */
  held: Held | null;
  /** Processes in whose memory its probes were seen not to stand. */
  readonly tampered: Set<ProcessId>;
  /** The agent whose process brought it first. null: it lies in the system's library directories. */
  readonly owner: ProcessId | null;
  readonly users: Map<ProcessId, ProcessKey>;
  unwantedSinceNs: bigint | null;
}

export const newAttachment = (
  stack: TlsStack,
  owner: ProcessId | null,
  users: Map<ProcessId, ProcessKey>,
): Attachment => ({
  stack,
  state: 'failed',
  error: '',
  tries: 0,
  attachedNs: 0n,
  number: null,
  proven: stack.by === 'symbols',
  distrust: null,
  held: null,
  tampered: new Set(),
  owner,
  users,
  unwantedSinceNs: null,
});

export const hasSameSites = (a: TlsStack, b: TlsStack): boolean =>
  a.sites.length === b.sites.length && a.sites.every((site, i) => isSame(site, b.sites[i]));

const isSame = (a: ProbeSite, b: ProbeSite | undefined): boolean =>
  b !== undefined &&
  a.call === b.call &&
  a.entry === b.entry &&
  a.returns.length === b.returns.length &&
  a.returns.every((at, i) => at === b.returns[i]);
