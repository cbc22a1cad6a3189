import { readFileSync } from 'node:fs';
import type { GovernanceRecord, ProcessKey, Registration } from '../../src/event/index.js';
import { GovernanceDoor } from '../../src/daemon/governance.js';
import type { GovernanceDoorParts } from '../../src/daemon/governance.js';
import { governanceSocketPath } from '../../src/governance/index.js';
import { posix } from '../../src/kernel/index.js';
import type { Owner } from './children.js';
import { scratchDirectory } from './scratch.js';

const TICK_NS = 10_000_000n;

/** As exact as `/proc` is: the start of a process in ticks. */
export function keyByProc(pid: number): ProcessKey | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[22 - 3];
    return { tgid: pid, startNs: BigInt(ticks ?? '0') * TICK_NS };
  } catch {
    return null;
  }
}

/** The governance socket as the daemon has it, with the kernel's own answers, and what came in by it. */
export async function openGovernanceDoor(t: Owner, replaced: Partial<GovernanceDoorParts> = {}) {
  const records: GovernanceRecord[] = [];
  const registrations: Registration[] = [];
  const logged: string[] = [];
  const log = (_fields: object, message: string): unknown => logged.push(message);
  const runDir = scratchDirectory(t);
  const calls = replaced.posix ?? posix();
  const door = new GovernanceDoor({
    runDir,
    log: { error: log, warn: log, info: log, debug: log },
    posix: calls,
    keyOf: keyByProc,
    clocks: () => posix().clocks(),
    feed: (input) => {
      if (input.input === 'governance') records.push(input.record);
    },
    register: async (registration) => {
      registrations.push(registration);
      return { ok: true, id: registration.agent, session: `session-${registrations.length}` };
    },
    ...replaced,
  });
  await door.start();
  t.teardown(async () => door.stop());
  return { door, path: governanceSocketPath(runDir), records, registrations, logged };
}
