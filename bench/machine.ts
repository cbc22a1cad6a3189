import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';

/** Where, when and of which state the figures are: without it they say nothing. */
export function describeMachine(): string {
  const model = cpus()[0]?.model ?? 'unknown processor';
  const system = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '';
  return [
    `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    `commit ${commit()}`,
    `Linux ${release()}`,
    `${cpus().length} x ${model}`,
    `${system}, Node ${process.versions.node}`,
  ].join(' · ');
}

function commit(): string {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const changed =
      git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' with changes';
    return `${git('rev-parse', '--short=12', 'HEAD')}${changed}`;
  } catch {
    return 'none';
  }
}

/** User and system time a process has used so far, microseconds. */
export function cpuMicroseconds(pid: number): number {
  const { user, system } = cpuTimes(pid);
  return user + system;
}

/** The same, apart. */
export function cpuTimes(pid: number): { readonly user: number; readonly system: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { user: Number(fields[11]) * 10_000, system: Number(fields[12]) * 10_000 };
}

/** Resident memory of a process, MB; now, or the most it ever was. */
export function residentMegabytes(pid: number, when: 'now' | 'most' = 'now'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const line = when === 'now' ? /^VmRSS:\s+(\d+) kB$/m : /^VmHWM:\s+(\d+) kB$/m;
  return (Number(line.exec(status)?.[1]) * 1024) / 1e6;
}

/** Moves a running process, all its threads, to CPU 1: away from the loads, which are on 0. */
export function moveAside(pid: number): void {
  if (cpus().length < 2) return;
  execFileSync('taskset', ['-acp', '1', String(pid)], { stdio: 'ignore' });
}

/** The command on one CPU, where there are two or more: the load on 0, whoever watches it on 1. */
export function pinned(cpu: 0 | 1, command: readonly string[]): [string, ...string[]] {
  const [program = '', ...args] = command;
  return cpus().length < 2 ? [program, ...args] : ['taskset', '-c', String(cpu), program, ...args];
}
