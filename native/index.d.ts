/**
 * The addon's face. It moves records and carries out commands; it does not read what is in a record.
 * Every function throws an Error with `code` (errno name), `errno` (positive) and `operation` when the kernel refuses.
 */
export interface SensorOptions {
  /** Bytes of each ring: a power of two and a multiple of the page size. */
  readonly rings: {
    readonly lifecycle: number;
    readonly network: number;
    readonly payload: number;
  };
  /** Mount point of cgroup v2, or null: the network and wire families are then unsupported. */
  readonly cgroup: string | null;
  /** A TLS call is captured up to here, at most WF_TLS_CHUNK_MAX * WF_TLS_CHUNKS_MAX. */
  readonly maxCallBytes: number;
  /** Waiting bytes in the network or payload ring that wake the reader. */
  readonly wakeBytes: number;
  /** Living processes of lineages that are known at the same time; from 1024 to 1048576. What exceeds it is counted. */
  readonly maxProcesses: number;
  /**
   * A directory of a bpf file system in which maps and links are kept beyond this process, until close(). What an earlier
   * process of the same build left there is taken over. Absent: nothing is kept.
   */
  readonly pinDirectory?: string;
}

export interface NativePinning {
  /** `refused`: it was asked for and is not possible; the sensor works without it. */
  readonly state: 'off' | 'pinned' | 'refused';
  /** The maps of an earlier process were taken over, and so many links. */
  readonly adopted: boolean;
  readonly links: number;
  /** Directories of other builds, removed by attach(). */
  readonly discarded: number;
  /** Why it is refused. */
  readonly detail: string;
}

export interface NativeAdopted {
  /** What the processes before took of each CPU and ring; `lost` by enum wf_loss, as it was handed over last. */
  readonly lanes: readonly {
    readonly cpu: number;
    readonly ring: number;
    readonly taken: number;
    /** One more than the highest number taken. */
    readonly next: number;
    readonly lost: readonly number[];
  }[];
  readonly notes: readonly {
    readonly rootTgid: number;
    readonly rootStartNs: bigint;
    readonly text: string;
  }[];
}

export interface NativeProgramStatus {
  readonly name: string;
  readonly family: string;
  readonly state: 'attached' | 'ready' | 'unsupported' | 'failed';
  readonly errno: number;
  readonly detail: string;
}

export interface NativeBatch {
  readonly bytes: Buffer;
  /** Holds all that was in the rings after `counters` were read; false: cut at maxBatchBytes, or a record unfinished. */
  readonly drained: boolean;
  readonly counters: Buffer;
}

export class Sensor {
  /** Opens and loads. A program this kernel cannot load is left out and reported by programs(). */
  constructor(options: SensorOptions);
  /** WF_WIRE_VERSION the programs were compiled with. */
  readonly wireVersion: number;
  pinning(): NativePinning;
  /** What an earlier process left; null when nothing was taken over. */
  adopted(): NativeAdopted | null;
  /** Attaches the fixed programs (process, network, wire, socket families). */
  attach(): void;
  programs(): NativeProgramStatus[];
  /** libbpf's and the verifier's words since the last call, for the log. */
  takeLog(): string[];
  setCandidates(basenames: string[], parents: string[], anyExec: boolean): void;
  /**
   * Names that are looked for in the environment of an exec in a lineage: told with their value, or only that they are
   * there. `candidates`: any exec that has one is asked about. A name longer than 63 bytes is known by its beginning.
   */
  setEnvironment(values: string[], marks: string[], candidates: string[]): void;
  /** struct wf_seed records of all processes, one after another. */
  seeds(): Buffer;
  setVerdict(rootTgid: number, rootStartNs: bigint, verdict: number): void;
  /** And what was remembered of it. */
  deleteVerdict(rootTgid: number, rootStartNs: bigint): void;
  /** A text of less than 1 KiB about a root, for the process that takes over. */
  remember(rootTgid: number, rootStartNs: bigint, text: string): void;
  setScope(tgid: number, startNs: bigint, rootTgid: number, rootStartNs: bigint): void;
  deleteScope(tgid: number, startNs: bigint, rootTgid: number, rootStartNs: bigint): void;
  /** Each child of the process becomes a pending root. EEXIST when the process is in a lineage. */
  watchRelay(tgid: number, startNs: bigint): void;
  /** Does nothing for a process that is no relay. */
  endRelay(tgid: number, startNs: bigint): void;
  /**
   * Probes on an open file; ProbeSite of src/event. All sites or none. Returns an id for detachTls, which every struct
   * wf_tls_data of these probes has as `attachment` from Linux 5.15 on. No id is given twice while the machine runs.
   */
  attachTls(
    fd: number,
    sites: readonly { call: string; entry: number; returns: readonly number[] }[],
  ): number;
  detachTls(id: number): void;
  /** Calls that met a probe since attachTls gave that id. Not counted before Linux 5.15: 0. */
  hits(): { readonly id: number; readonly calls: number }[];
  /**
   * Starts draining on this environment's loop. In one turn: the rings are read lifecycle, network, payload, at most
   * `maxBatchBytes` in all, and given as one Buffer; records stand one after another, padded to 8 bytes. What a record
   * refers to (its process, its connection) is in the same batch or was in an earlier one: where a ring is not read to
   * its end, those behind it in that order are read only up to the moment of what is left.
   */
  start(
    onBatch: (batch: NativeBatch) => void,
    options: { pollMs: number; maxBatchBytes: number },
  ): void;
  pause(): void;
  resume(): void;
  /**
   * Drains now, on the caller's stack; at most `maxBytes`, or as much as start() was told. Returns null when every ring
   * was empty.
   */
  drain(maxBytes?: number): NativeBatch | null;
  /** A snapshot of struct wf_counters, index cpu * WF_RING_COUNT + ring. */
  counters(): Buffer;
  /** Detaches everything, pinned or not; maps stay and the rings can still be drained. */
  detach(): void;
  /**
   * Detaches and closes everything, and removes the pins. Idempotent. The end of the environment closes too, but leaves
   * what is pinned.
   */
  close(): void;
}

/** sizeof and offsetof as the C++ compiler sees wire.h: { wf_exec: { SIZE: n, inode: n, ... }, ... }. */
export function wireLayout(): Record<string, Record<string, number>>;

/** What Node lacks. */
export const posix: {
  peerCredentials(fd: number): { pid: number; uid: number; gid: number };
  /** A pidfd of the peer, or of a pid. */
  peerPidfd(fd: number): number;
  pidfdOpen(pid: number): number;
  /** False once the process has ended, reaped or not. */
  pidfdAlive(pidfd: number): boolean;
  /** True: locked. False: somebody else holds it. */
  flockExclusive(fd: number): boolean;
  /** False when NOTIFY_SOCKET is not set. */
  sdNotify(state: string): boolean;
  /** Receives one message and its descriptors from a unix socket. */
  receiveFds(fd: number, maxBytes: number): { data: Buffer; fds: number[] };
  sendFds(fd: number, data: Buffer, fds: number[]): void;
  setDumpable(on: boolean): void;
  /** CLOCK_BOOTTIME and CLOCK_REALTIME read together, nanoseconds. */
  clocks(): { bootNs: bigint; wallNs: bigint };
};
