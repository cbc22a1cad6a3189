import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command, Owner } from './children.js';
import { waitFor } from './wait.js';

const V1 = '/sys/fs/cgroup/memory';
const V2 = '/sys/fs/cgroup';

/** A control group that may use so much memory. */
export interface MemoryLimit {
  /** The same command, run inside; the process keeps its pid. */
  inside(command: Command): Command;
  /** From now on it gets only so many bytes more than it uses. */
  leave(bytes: number): void;
  /** Processes the kernel killed in it. */
  kills(): number;
}

/** Why there is none here, or null. */
export function whyNoMemoryLimit(): string | null {
  return isV1() || isV2() ? null : 'no memory controller can be used';
}

const isV1 = (): boolean => existsSync(join(V1, 'memory.limit_in_bytes'));
const isV2 = (): boolean => {
  const file = join(V2, 'cgroup.subtree_control');
  return existsSync(file) && readFileSync(file, 'utf8').split(/\s+/).includes('memory');
};

let count = 0;

/** A group without a limit yet; gone when the test ends. Swap is no way out, where the kernel counts it. */
export function limitMemory(t: Owner): MemoryLimit {
  const directory = join(isV1() ? V1 : V2, `watchfloor-test-${process.pid}-${count++}`);
  mkdirSync(directory);
  t.teardown(() => waitFor('the group to be empty', () => removed(directory)));
  const leave = (bytes: number): void => {
    const usage = join(directory, isV1() ? 'memory.usage_in_bytes' : 'memory.current');
    const most = Number(readFileSync(usage, 'utf8')) + bytes;
    const limits = isV1()
      ? { 'memory.limit_in_bytes': most, 'memory.memsw.limit_in_bytes': most }
      : { 'memory.swap.max': 0, 'memory.max': most };
    for (const [name, limit] of Object.entries(limits)) {
      const file = join(directory, name);
      if (existsSync(file)) writeFileSync(file, String(limit));
    }
  };
  const events = join(directory, isV1() ? 'memory.oom_control' : 'memory.events');
  return {
    inside: (command) => [
      ...(['sh', '-c', `echo $$ > ${directory}/cgroup.procs && exec "$@"`, 'sh'] as const),
      ...command,
    ],
    leave,
    kills: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(events, 'utf8'))?.[1]),
  };
}

function removed(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch {
    return false;
  }
}
