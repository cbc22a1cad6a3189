import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;

/**
 * The first answer of `condition` that is not undefined, null or false. Rejects after `deadlineMs`, naming what was
 * waited for: a test never waits for time to pass, only for something to become true.
 */
export async function waitFor<T>(
  what: string,
  condition: () => T | Promise<T>,
  deadlineMs = 20_000,
): Promise<Exclude<T, undefined | null | false>> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const answer = await condition();
    if (answer !== undefined && answer !== null && answer !== false) {
      return answer as Exclude<T, undefined | null | false>;
    }
    if (Date.now() > end) throw new Error(`waited ${deadlineMs / 1000} s for ${what}`);
    await delay(POLL_MS);
  }
}
