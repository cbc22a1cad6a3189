import type { FileId, ImageId } from './file-id.js';
import type { FilesFact, HitsFact, ProbesFact } from './guard.js';
import type { TlsLibrary, TlsStack } from './probe.js';
import type { ProcessKey } from './process-key.js';

/** Where a process is contained, as far as its cgroup and the runtime's own files tell. */
export interface ContainerInfo {
  /** 64 hexadecimal digits, or the name the runtime gave. */
  readonly id: string;
  /** `docker`, `containerd`, `cri-o`, `podman`, or empty: not told. */
  readonly runtime: string;
  /** UUID of the Kubernetes pod; empty: none. */
  readonly podUid: string;
  /** Image reference where the runtime's state tells it; empty: not told. */
  readonly image: string;
}

/** Interpreters and loaders by what their file holds, however it is called. */
export type ProgramKind =
  | 'python'
  | 'node'
  | 'bun'
  | 'deno'
  | 'perl'
  | 'ruby'
  | 'php'
  | 'lua'
  | 'shell'
  | 'busybox'
  | 'loader';

/** What one executable file holds. */
export interface ImageFact {
  readonly fact: 'image';
  readonly image: ImageId;
  /** Neither through the process nor by its path was exactly that content to be had. Nothing else is given then. */
  readonly gone: boolean;
  /** GNU build id in hexadecimal; empty: it has none. */
  readonly buildId?: string;
  /** In hexadecimal; only where a rule asks for it and the file is no larger than 512 MiB. */
  readonly sha256?: string;
  /** By the symbols it exports or the build id it shares with an interpreter installed on this host; null: none. */
  readonly kind?: ProgramKind | null;
  /** Path of the installed program that has the same content by build id, when its name is another; null: none. */
  readonly twin?: string | null;
}

/** Who listens at a unix socket. */
export interface UnixPeerFact {
  readonly fact: 'unix_peer';
  readonly path: string;
  readonly netns: number;
  /** Processes that hold the listening socket, and those the endpoint hands its work to; with exact start times. */
  readonly peers: readonly {
    readonly key: ProcessKey;
    readonly exe: string;
    readonly uid: number;
  }[];
}

/** Living processes that run a file of one of these names. */
export interface NamedFact {
  readonly fact: 'named';
  readonly names: readonly string[];
  readonly processes: readonly {
    readonly key: ProcessKey;
    readonly exe: string;
    readonly uid: number;
  }[];
}

/** Living children of a process that were forked at `sinceNs` (CLOCK_BOOTTIME) or later. */
export interface ChildrenFact {
  readonly fact: 'children';
  readonly key: ProcessKey;
  readonly children: readonly ProcessKey[];
}

/** TCP connections that a process had before the sensors. */
export interface SocketsFact {
  readonly fact: 'sockets';
  readonly key: ProcessKey;
  readonly gone: boolean;
  readonly connections: readonly {
    readonly family: 'ipv4' | 'ipv6';
    readonly srcIp: string;
    readonly srcPort: number;
    readonly dstIp: string;
    readonly dstPort: number;
  }[];
}

/** What was found out about a running process beyond what its exec said. */
export interface ProcessFact {
  readonly fact: 'process';
  readonly key: ProcessKey;
  /** The process was gone, or another one had its pid. Nothing else is given then. */
  readonly gone: boolean;
  readonly exe?: string;
  readonly file?: ImageId;
  /**
   * No name of `file` is left, and no file stands where it was executed or where its last name was: an upgrade puts one
   * there. Only where it was asked with `ranAt`. A memfd never had a name, which this does not tell apart.
   */
  readonly exeGone?: boolean;
  readonly comm?: string;
  readonly cwd?: string;
  readonly argv?: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
  readonly user?: string;
  readonly cgroup?: string;
  readonly container?: ContainerInfo;
  /** The pid in the innermost pid namespace. */
  readonly nsPid?: number;
  /** Only the names a rule asks for. Values never leave the pure stages. */
  readonly env?: Readonly<Record<string, string>>;
}

/** TLS stacks mapped by a process, or with `key: null` those of the system's library directories. */
export interface StacksFact {
  readonly fact: 'stacks';
  readonly key: ProcessKey | null;
  readonly gone: boolean;
  readonly stacks: readonly TlsStack[];
  /** Files of it are still being looked into; what they hold follows in another fact. */
  readonly pending: boolean;
  /** Files that look like a TLS stack and could not be read, with the reason. */
  readonly unreadable: readonly UnreadableStack[];
}

export interface UnreadableStack {
  readonly path: string;
  readonly reason: string;
  /** It is certainly this library, and its functions could not be told; absent: nobody knows what it is. */
  readonly library?: TlsLibrary;
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
  readonly library: TlsLibrary;
  readonly state: 'attached' | 'detached' | 'failed';
  /** CLOCK_BOOTTIME when it was so, nanoseconds: what was moved before it was not read. */
  readonly bootNs: bigint;
  /** What plaintext of these probes is marked with, another each time; of `attached` only. */
  readonly attachment?: number;
  /** Name of the error; of a failure only. */
  readonly error?: string;
}

/** Names of accounts: uid to user. */
export interface UserFact {
  readonly fact: 'user';
  readonly uid: number;
  readonly user: string;
}

export type HostFact =
  | ProcessFact
  | StacksFact
  | ListenerFact
  | AttachFact
  | UserFact
  | ImageFact
  | UnixPeerFact
  | NamedFact
  | ChildrenFact
  | SocketsFact
  | ProbesFact
  | FilesFact
  | HitsFact;
