import type { SpawnOptions } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, type Command, type Finished, type Owner } from './children.js';
import { scratchDirectory } from './scratch.js';
import { waitFor } from './wait.js';

/** A shell under a name of its own, so that a rule can make it an agent. Gives its path. */
export function makeWaitingShell(t: Owner): string {
  const shell = join(scratchDirectory(t), 'waiting-shell');
  copyFileSync('/bin/sh', shell);
  return shell;
}

/**
 * Runs a command to its end in a process that began as that shell and waits until `settled` says that its verdict
 * stands: what the command does first is in no race with one.
 */
export function runSettled(
  t: Owner,
  shell: string,
  command: Command,
  settled: (pid: number) => boolean,
  options: SpawnOptions = {},
): Promise<Finished> {
  const script = 'read -r _ && exec "$@"';
  return runCommand(t, [shell, '-c', script, 'sh', ...command], {
    ...options,
    stdio: 'pipe',
    begun: async (child) => {
      await waitFor('the verdict', () => settled(child.pid ?? 0));
      child.stdin?.end('go\n');
    },
  });
}
