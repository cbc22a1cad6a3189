import type { Command, RootVerdict } from './command.js';
import type { HostFact, ListenerQuestion } from './fact.js';
import type { FileTarget, HitsFact, ProbeTarget } from './guard.js';
import type { AgentNote } from './input.js';
import type { FileId } from './file-id.js';
import type { TlsLibrary, TlsStack } from './probe.js';
import type { LaneAccount } from './loss.js';
import type { ProcessKey } from './process-key.js';

export interface ProgramStatus {
  readonly name: string;
  readonly family: 'process' | 'network' | 'socket' | 'mapping' | 'wire' | 'tls' | 'guard';
  readonly state: 'attached' | 'ready' | 'unsupported' | 'failed';
  /** Why, and what to do, when not attached. */
  readonly detail: string;
}

export interface KernelBatch {
  readonly bytes: Uint8Array;
  readonly drained: boolean;
  readonly counters: Uint8Array;
}

export interface Candidates {
  /** Names of executed files, and of the directories they lie in, that could be an agent. */
  readonly basenames: readonly string[];
  readonly parents: readonly string[];
  /** A rule names no executable: every exec is asked about. */
  readonly anyExec: boolean;
  /** An exec whose environment has one of these names is asked about. Searched in the kernel, and only while there are any. */
  readonly environment: readonly string[];
}

/** What is told of the environment of an exec in a lineage, and of one that is asked about. */
export interface EnvironmentNames {
  /** With the value. */
  readonly values: readonly string[];
  /** Only that it is there. */
  readonly marks: readonly string[];
}

/** What became of keeping the kernel state beyond this process. */
export interface Pinning {
  /** `refused`: it was asked for and is not possible, for the reason in `detail`. */
  readonly state: 'off' | 'pinned' | 'refused';
  /** State of a daemon that was killed was taken over, with so many links. */
  readonly adopted: boolean;
  readonly links: number;
  /** States of other builds that were found and removed. */
  readonly discarded: number;
  readonly detail: string;
}

export interface Adopted {
  readonly lanes: readonly LaneAccount[];
  readonly notes: readonly AgentNote[];
}

/**
 * The kernel, as the rest of the daemon sees it. In one process it is kernel/ over the addon; the privilege split puts
 * a socket between. Every method throws a KernelError (code, operation, errno, remedy) when the kernel refuses.
 */
export interface KernelPort {
  /** Loads and attaches every fixed program; what is missing is in the answer, not thrown. */
  start(onBatch: (batch: KernelBatch) => void): readonly ProgramStatus[];
  pinning(): Pinning;
  /** What the daemon before left; null when there was none, or nothing was kept. */
  adopted(): Adopted | null;
  /** Gives what waits in the rings as one large batch, at the start. True: that was not all. */
  catchUp(): boolean;
  candidates(candidates: Candidates): void;
  environment(names: EnvironmentNames): void;
  /** Records of kind seed for every process, from the task iterator. */
  seeds(): Uint8Array;
  verdict(root: ProcessKey, verdict: RootVerdict): void;
  /** Each child of the process becomes a pending root of its own, until `endRelay`. */
  watchRelay(key: ProcessKey): void;
  endRelay(key: ProcessKey): void;
  adopt(key: ProcessKey, root: ProcessKey): void;
  remember(root: ProcessKey, text: string): void;
  release(root: ProcessKey, members: readonly ProcessKey[]): void;
  /** `fd` is an open descriptor of the file; the caller closes it. Gives the `attachment` of its TlsDataEvents. */
  attach(stack: TlsStack, fd: number): number;
  detach(file: FileId, library: TlsLibrary): void;
  /** Calls of each attached stack that met a probe, since it was attached. */
  hits(): HitsFact['hits'];
  /** Back-pressure: while paused the rings fill and the kernel counts what does not fit. */
  pause(): void;
  resume(): void;
  counters(): Uint8Array;
  /** Drains what is left, detaches everything. Idempotent. */
  stop(): void;
}

/** Facts about processes, users and files. Answers; never throws for a process that went away. */
export interface HostPort {
  processFact(key: ProcessKey, env: readonly string[], ranAt?: string): HostFact;
  stacksFact(key: ProcessKey | null): HostFact;
  listenerFact(question: ListenerQuestion): HostFact;
  userFact(uid: number): HostFact;
  imageFact(question: Command & { readonly do: 'look_up_image' }): HostFact;
  unixPeerFact(question: Command & { readonly do: 'look_up_unix_peer' }): HostFact;
  namedFact(names: readonly string[]): HostFact;
  socketsFact(key: ProcessKey): HostFact;
  /** Takes a few milliseconds at most: what is not reached says so. */
  probesFact(targets: readonly ProbeTarget[]): HostFact;
  filesFact(targets: readonly FileTarget[]): HostFact;
  /** A read-only descriptor of exactly that file, or null when it cannot be had. */
  openStack(stack: TlsStack, through: ProcessKey | null): number | null;
}
