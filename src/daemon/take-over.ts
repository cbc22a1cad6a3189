import type { KernelPort } from '../event/index.js';
import type { Journal } from '../journal/index.js';
import type { Feeder } from './feeder.js';

/** So many large batches empty rings of the largest size; what comes meanwhile is for the ordinary drain. */
const BATCHES_MAX = 512;

/**
 * What there is when the daemon starts: who the agents of a killed daemon were, who lives now, and then what the kernel
 * kept while nobody read. In this order, because a process that acted and is still there is then known when its events
 * come; and before the first tick, because to them no time has passed.
 */
export const takeOver = async (
  kernel: KernelPort,
  feeder: Feeder,
  journal: Pick<Journal, 'flush'>,
  sessions: readonly string[],
): Promise<void> => {
  if (sessions.length > 0) feeder.feed({ input: 'told', sessions });
  const adopted = kernel.adopted();
  if (adopted !== null) feeder.feed({ input: 'adopted', ...adopted });
  feeder.feed({ input: 'seeds', bytes: kernel.seeds() });
  if (adopted === null) return;
  for (let i = 0; i < BATCHES_MAX && kernel.catchUp(); i += 1) await journal.flush();
};
