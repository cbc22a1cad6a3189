import { accessSync, constants } from 'node:fs';
import { release } from 'node:os';
import { readText } from './procfs.js';

/** What this machine offers to the sensors. */
export interface Platform {
  /** Such as 6.1.0-18-amd64. */
  readonly kernel: string;
  /** The kernel describes its types: programs can be relocated to it. */
  readonly btf: boolean;
  /** Where cgroup version 2 is mounted, or null. */
  readonly cgroup: string | null;
  /** Names of the effective capabilities, such as CAP_BPF, among those the sensors ask for. */
  readonly capabilities: readonly string[];
  readonly bootId: string;
}

/** capabilities(7): number in CapEff. */
const CAPABILITIES = {
  CAP_DAC_READ_SEARCH: 2n,
  CAP_NET_ADMIN: 12n,
  CAP_SYS_PTRACE: 19n,
  CAP_SYS_ADMIN: 21n,
  CAP_PERFMON: 38n,
  CAP_BPF: 39n,
  CAP_CHECKPOINT_RESTORE: 40n,
} as const;

const MAX_BYTES = 4 * 1024 * 1024;

export const readPlatform = (): Platform => ({
  kernel: release(),
  btf: isReadable('/sys/kernel/btf/vmlinux'),
  cgroup: cgroupMount(readText('/proc/self/mounts', MAX_BYTES) ?? ''),
  capabilities: capabilities(readText('/proc/self/status', MAX_BYTES) ?? ''),
  bootId: (readText('/proc/sys/kernel/random/boot_id', 64) ?? '').trim(),
});

/** The first mount of type cgroup2 in a table of mounts, wherever it is. */
export const cgroupMount = (mounts: string): string | null => {
  for (const line of mounts.split('\n')) {
    const [, path, type] = line.split(' ');
    if (type === 'cgroup2' && path !== undefined) return unescapeMount(path);
  }
  return null;
};

/** Blanks and backslashes stand as octal numbers in a table of mounts. */
const unescapeMount = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_all, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );

export const capabilities = (status: string): string[] => {
  const set = BigInt(`0x${/^CapEff:\t([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return Object.entries(CAPABILITIES)
    .filter(([, bit]) => ((set >> bit) & 1n) === 1n)
    .map(([name]) => name);
};

const isReadable = (path: string): boolean => {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
};

const TOOL_DIRS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The path of an installed program, or null. The search path of whoever started us does not count. */
export const findTool = (name: string): string | null =>
  TOOL_DIRS.map((dir) => `${dir}/${name}`).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  }) ?? null;
