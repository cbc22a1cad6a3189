import type { ChainLink, ContainerInfo, ProcessInfo, ProcessKey } from '../event/index.js';

/** What is known of one process. Facts are added as they come; an exec replaces the image. */
export interface Entry {
  readonly key: ProcessKey;
  /** The first process of its lineage; null: in none. */
  root: ProcessKey | null;
  ppid: number;
  uid: number;
  exe: string;
  exeTruncated: boolean;
  argv: readonly string[];
  argvTruncated: boolean;
  cwd: string;
  cwdTruncated: boolean;
  container: ContainerInfo | null;
  /** What an interpreter or the dynamic linker runs; null: `exe` is it. */
  program: string | null;
  /** In the innermost pid namespace; 0: not known. */
  nsPid: number;
  /** From the caller of fork up to the root, as their images were at that moment. */
  readonly chain: readonly ChainLink[];
  /** It executed something itself; until then it runs its parent's image. */
  execed: boolean;
  /** Images that led to the one it runs, up to the root of its own lineage, nearest first: its own earlier ones, then those of who forked it. */
  above: readonly Image[];
  readonly bootstrap: boolean;
  /** Start of the grace time. */
  endedNs: bigint | null;
}

/** What a process ran at some moment. */
export interface Image {
  readonly exe: string;
  readonly argv: readonly string[];
}

/** (uid_t)-1: no account. */
export const UNKNOWN_UID = 0xffff_ffff;
const CHAIN_MAX = 32;

export const emptyEntry = (key: ProcessKey, bootstrap: boolean): Entry => ({
  key,
  root: null,
  ppid: 0,
  uid: UNKNOWN_UID,
  exe: '',
  exeTruncated: true,
  argv: [],
  argvTruncated: false,
  cwd: '',
  cwdTruncated: true,
  container: null,
  program: null,
  nsPid: 0,
  chain: [],
  execed: false,
  above: [],
  bootstrap,
  endedNs: null,
});

/** A child is its parent's copy until it executes something itself. */
export const forkedEntry = (parent: Entry, child: ProcessKey): Entry => ({
  ...parent,
  key: child,
  ppid: parent.key.tgid,
  nsPid: 0,
  chain: chainOf(parent),
  execed: false,
  above: aboveOf(parent),
  endedNs: null,
});

export const aboveOf = ({ exe, argv, above }: Entry): readonly Image[] =>
  [{ exe, argv }, ...above].slice(0, CHAIN_MAX);

/** A long chain keeps its near end and its root. */
export function chainOf(parent: Entry): readonly ChainLink[] {
  const chain = [{ pid: parent.key.tgid, exe: parent.exe }, ...parent.chain];
  return chain.length <= CHAIN_MAX ? chain : [...chain.slice(0, CHAIN_MAX - 1), ...chain.slice(-1)];
}

export const infoOf = (entry: Entry): ProcessInfo => ({
  pid: entry.key.tgid,
  startNs: entry.key.startNs,
  ppid: entry.ppid,
  uid: entry.uid,
  exe: entry.exe,
  argv: entry.argv,
  argvTruncated: entry.argvTruncated,
  cwd: entry.cwd,
  ...(entry.container === null ? {} : { container: entry.container }),
  ...(entry.program === null ? {} : { program: entry.program }),
  ...(entry.nsPid === 0 || entry.nsPid === entry.key.tgid ? {} : { nsPid: entry.nsPid }),
  chain: entry.chain,
  bootstrap: entry.bootstrap,
});
