import type { ImageId } from './file-id.js';
import type { ProcessKey } from './process-key.js';

export type RingName = 'lifecycle' | 'network' | 'payload';

/** Where a kernel event came from: unique per boot by (ring, cpu, seq). */
export interface Origin {
  readonly ring: RingName;
  readonly cpu: number;
  readonly seq: bigint;
  /** CLOCK_BOOTTIME, nanoseconds. */
  readonly bootNs: bigint;
}

/** What the kernel knew of the root when it wrote the record. */
export type ScopeState =
  | 'none'
  | 'pending'
  | 'agent'
  | 'stranger'
  /** An agent asked this process to run something: its children become pending roots, nothing else is told of it. */
  | 'relay'
  /** Nobody's agent so far, and an interpreter: flows and their names are told, nothing else. */
  | 'watched';

interface EventBase {
  readonly origin: Origin;
  /** The process the event is about. */
  readonly key: ProcessKey;
  readonly tid: number;
  /** The first process of its lineage; null outside every lineage. */
  readonly root: ProcessKey | null;
  readonly scope: ScopeState;
}

export interface ForkEvent extends EventBase {
  readonly kind: 'fork';
  readonly child: ProcessKey;
}

export interface ExecEvent extends EventBase {
  readonly kind: 'exec';
  readonly parent: ProcessKey;
  readonly uid: number;
  readonly gid: number;
  readonly file: ImageId;
  /** 0: the executed file has no name any more (memfd or deleted). */
  readonly nlink: number;
  readonly cgroupId: bigint;
  readonly path: string;
  readonly pathTruncated: boolean;
  readonly cwd: string;
  readonly cwdTruncated: boolean;
  readonly argv: readonly string[];
  /** Bytes of argv in the process; more than was captured when argvTruncated. */
  readonly argvBytes: number;
  readonly argvTruncated: boolean;
  /**
   * Of the environment only what was asked for (`EnvironmentNames`): the value of a name in `values`, the empty text for
   * a name in `marks`.
   */
  readonly env: Readonly<Record<string, string>>;
  /** The environment is larger than the kernel searches, or more was found than it keeps. */
  readonly envTruncated: boolean;
  /** st_mode of what stands at descriptor 0; 0: it is closed. */
  readonly stdinMode: number;
  /** The pid in the innermost pid namespace, and the inode of that namespace. */
  readonly nsPid: number;
  readonly pidNamespace: number;
  /** The kernel made this process a pending root and holds what follows until a verdict. */
  readonly asksVerdict: boolean;
}

export interface ExitEvent extends EventBase {
  readonly kind: 'exit';
  /** As wait(2) gives it. */
  readonly waitStatus: number;
}

/** A process that existed before the sensors. */
export interface SeedEvent extends EventBase {
  readonly kind: 'seed';
  readonly parent: ProcessKey;
  readonly uid: number;
  readonly comm: string;
}

/** The leader of a thread group gave itself another name (PR_SET_NAME); an exec is no such event. */
export interface RenameEvent extends EventBase {
  readonly kind: 'rename';
  readonly from: string;
  readonly to: string;
}

/** A connect(2) to a unix socket, as it was tried. */
export interface UnixOpenEvent extends EventBase {
  readonly kind: 'unix_open';
  readonly cookie: bigint;
  /** As in the address; an abstract name begins with `@`. */
  readonly path: string;
  readonly netns: number;
}

export type TransportProtocol = 'tcp' | 'udp' | 'other';

export interface Tuple {
  readonly family: 'ipv4' | 'ipv6';
  readonly protocol: TransportProtocol;
  /** RFC 5952 text; IPv4-mapped IPv6 is given as IPv4. Empty when not known yet. */
  readonly srcIp: string;
  /** 0 when not known yet. */
  readonly srcPort: number;
  readonly dstIp: string;
  readonly dstPort: number;
}

export interface FlowOpenEvent extends EventBase {
  readonly kind: 'flow_open';
  readonly cookie: bigint;
  readonly tuple: Tuple;
  readonly via: 'connect' | 'sendmsg' | 'egress';
  /** Inode of the network namespace it was opened in; 0: not known. */
  readonly netns: number;
}

export interface FlowStateEvent extends EventBase {
  readonly kind: 'flow_state';
  readonly cookie: bigint;
  readonly tuple: Tuple;
  readonly state: 'established' | 'closed';
  /** Closed out of SYN_SENT: the connection was never made. */
  readonly failed: boolean;
  /** errno of the socket, 0 when none. */
  readonly error: number;
  readonly bytesSent: bigint;
  readonly bytesReceived: bigint;
}

/** Counts of a UDP flow so far; of TCP once, bytes of encrypted records behind its ClientHello: more than a handshake's. */
export interface FlowUpdateEvent extends EventBase {
  readonly kind: 'flow_update';
  readonly cookie: bigint;
  readonly tuple: Tuple;
  readonly datagrams: bigint;
  readonly bytes: bigint;
}

/**
 * Payload of one packet that says what a flow is for: of TCP the first, a ClientHello wherever one begins, and all to port
 * 53; of UDP the datagrams to port 53 and QUIC Initials.
 */
export interface WireHeadEvent extends EventBase {
  readonly kind: 'wire_head';
  readonly cookie: bigint;
  readonly tuple: Tuple;
  /** Payload bytes of the packet, from these on. */
  readonly original: number;
  /** TCP: of the first of `bytes`, counted from the first payload byte of the connection. */
  readonly offset: number;
  /** UDP: bytes of each datagram where many were handed over at once; 0: it is one. */
  readonly datagramBytes: number;
  readonly bytes: Uint8Array;
}

/** A thread sent on a socket right after an SSL write that touched none (memory BIO). */
export interface TlsSendEvent extends EventBase {
  readonly kind: 'tls_send';
  readonly ssl: bigint;
  readonly call: bigint;
  readonly cookie: bigint;
  readonly plainBytes: number;
  readonly sentBytes: number;
}

export interface TlsDataEvent extends EventBase {
  readonly kind: 'tls_data';
  readonly ssl: bigint;
  readonly call: bigint;
  readonly direction: 'write' | 'read';
  /**
   * `record`: application data of one TLS record, and `ssl` names one direction of a session. `inner`: the same, of a
   * TLS 1.3 record with padding (RFC 8446, section 5.4): content type and zeros still stand behind the data.
   */
  readonly layer: 'stream' | 'inner' | 'record';
  /** Number of the probes it came through: that of an AttachFact. null: not told, before Linux 5.15. */
  readonly attachment: number | null;
  /** Socket the call itself used; null for a memory BIO. */
  readonly socketCookie: bigint | null;
  /** Socket of the thread's last receive, for reads over a memory BIO. */
  readonly lastReceive: bigint | null;
  /** Bytes the call moved. */
  readonly original: number;
  /** Bytes of it captured over all records of the call. */
  readonly kept: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface TlsFreeEvent extends EventBase {
  readonly kind: 'tls_free';
  readonly ssl: bigint;
}

/** Somebody sent over a socket that another lineage, or nobody of a lineage, opened; once for a socket and a process. */
export interface FdRelayEvent extends EventBase {
  readonly kind: 'fd_relay';
  readonly cookie: bigint;
  readonly tuple: Tuple;
  /** null: nobody of a lineage. `root` null: of a lineage that was let go. */
  readonly opener: { readonly key: ProcessKey; readonly root: ProcessKey | null } | null;
  /** `root` null: of no lineage; then `key` of the event is the opener. */
  readonly user: { readonly key: ProcessKey; readonly root: ProcessKey | null };
  /** Name of the thread that sent. */
  readonly comm: string;
}

export type KernelEvent =
  | ForkEvent
  | ExecEvent
  | ExitEvent
  | SeedEvent
  | RenameEvent
  | UnixOpenEvent
  | FdRelayEvent
  | FlowOpenEvent
  | FlowStateEvent
  | FlowUpdateEvent
  | WireHeadEvent
  | TlsSendEvent
  | TlsDataEvent
  | TlsFreeEvent;
