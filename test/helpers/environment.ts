import { existsSync, readFileSync } from 'node:fs';

/** Why a test of the real kernel cannot run here, or null when it can. */
export function whyNoKernel(): string | null {
  if (process.getuid?.() !== 0) return 'needs root';
  if (!existsSync('/sys/kernel/btf/vmlinux')) return 'needs a kernel with BTF';
  return null;
}

/** Where cgroup v2 is mounted, or null. */
export function cgroupMount(): string | null {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const found = mounts.find((line) => line.split(' ')[2] === 'cgroup2');
  return found?.split(' ')[1] ?? null;
}
