import type { FileId } from './kernel-event.js';
import type { ProcessKey } from './process-key.js';

/** Functions a probe can be put on, by name, as offsets into the file. */
export type ProbeSites = Readonly<Partial<Record<ProbeFunction, number>>>;

export const PROBE_FUNCTIONS = [
  'SSL_write',
  'SSL_write_ex',
  'SSL_read',
  'SSL_read_ex',
  'SSL_free',
] as const;
export type ProbeFunction = (typeof PROBE_FUNCTIONS)[number];

/** An executable file that holds a TLS stack we can read. */
export interface TlsStack {
  readonly file: FileId;
  readonly path: string;
  /** `openssl` today; more families come with their anchors. */
  readonly library: string;
  readonly sites: ProbeSites;
}

/** What was found out about a running process beyond what its exec said. */
export interface ProcessFact {
  readonly fact: 'process';
  readonly key: ProcessKey;
  /** The process was gone, or another one had its pid. Nothing else is given then. */
  readonly gone: boolean;
  readonly exe?: string;
  readonly file?: FileId;
  readonly cwd?: string;
  readonly argv?: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
  readonly user?: string;
  readonly cgroup?: string;
  readonly container?: string;
  /** Only the names a rule asks for. Values never leave the pure stages. */
  readonly env?: Readonly<Record<string, string>>;
}

/** TLS stacks mapped by a process, or with `key: null` those of the system's library directories. */
export interface StacksFact {
  readonly fact: 'stacks';
  readonly key: ProcessKey | null;
  readonly gone: boolean;
  readonly stacks: readonly TlsStack[];
  /** Files that look like a TLS stack and could not be read, with the reason. */
  readonly unreadable: readonly { readonly path: string; readonly reason: string }[];
}

/** Who listens at `listen`, `address:port`, in a network namespace? */
export interface ListenerQuestion {
  readonly listen: string;
  /** Inode of the namespace; 0: that of the daemon. */
  readonly netns: number;
  /** A process that was in it when the question arose. */
  readonly near: ProcessKey;
}

export interface ListenerFact extends ListenerQuestion {
  readonly fact: 'listener';
  /** False: nobody lives in that namespace any more, so nothing is known. */
  readonly seen: boolean;
  readonly owner: { readonly uid: number; readonly user: string; readonly exe: string } | null;
}

/** The outcome of an attach or detach command. */
export interface AttachFact {
  readonly fact: 'attach';
  readonly file: FileId;
  readonly state: 'attached' | 'detached' | 'failed';
  /** CLOCK_BOOTTIME when it was so, nanoseconds: what was moved before it was not read. */
  readonly bootNs: bigint;
  /** Name of the error; of a failure only. */
  readonly error?: string;
}

/** Names of accounts: uid to user. */
export interface UserFact {
  readonly fact: 'user';
  readonly uid: number;
  readonly user: string;
}

export type HostFact = ProcessFact | StacksFact | ListenerFact | AttachFact | UserFact;
