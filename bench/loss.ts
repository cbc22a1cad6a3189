import type { Owner } from '../test/helpers/children.js';
import { readAll } from '../test/helpers/daemon.js';
import { ofKind } from '../test/helpers/line.js';
import { waitFor } from '../test/helpers/wait.js';
import { startWatchfloor } from './consumers.js';
import { overLoopback } from './loads.js';
import { cpuMicroseconds, residentMegabytes } from './machine.js';

const EVENTS_PER_SECOND = 5000;
const SIZE = 4096;

export interface Loss {
  readonly events: number;
  readonly exchanges: number;
  readonly lost: number;
  readonly doubled: number;
  /** What the daemon itself says it lost. */
  readonly gaps: number;
  readonly cpuUsPerEvent: number;
  readonly residentMb: number;
}

/**
 * 5,000 plaintext events of 4 KiB a second, through everything: each exchange is a request and a response of 4 KiB, and
 * must come out of the journal as one `http` record whose path carries its number.
 */
export async function measureLoss(owner: Owner, seconds: number): Promise<Loss> {
  const daemon = await startWatchfloor(owner);
  const rate = EVENTS_PER_SECOND / 2;
  const before = cpuMicroseconds(daemon.pid);
  const { client } = await overLoopback(owner, { size: SIZE, rate, seconds, http: true });
  const events = client.done * 2;
  const seen = async (): Promise<string[]> => {
    const lines = ofKind(await readAll(owner, daemon.place), 'http');
    return lines.flatMap(({ http }) => (http?.path.startsWith('/v1/load/') ? [http.path] : []));
  };
  await waitUntilIdle(daemon.pid);
  const cpuUsPerEvent = (cpuMicroseconds(daemon.pid) - before) / events;
  const residentMb = residentMegabytes(daemon.pid);
  // What is lost never comes: then the deadline ends the wait, and the count below says how much it was.
  await waitFor(
    'the last exchange',
    async () => (await seen()).length >= client.done,
    30_000,
  ).catch(() => undefined);
  await daemon.stop();
  const paths = await seen();
  const gaps = ofKind(await readAll(owner, daemon.place), 'gap');
  return {
    events,
    exchanges: client.done,
    lost: client.done - new Set(paths).size,
    doubled: paths.length - new Set(paths).size,
    gaps: gaps.reduce((sum, { gap }) => sum + Number(gap?.count ?? 0), 0),
    cpuUsPerEvent,
    residentMb,
  };
}

/** It has used no time in ten looks, one after another: what the load left it is done. */
export async function waitUntilIdle(pid: number): Promise<void> {
  let [last, quiet] = [-1, 0];
  await waitFor('an idle daemon', () => {
    const now = cpuMicroseconds(pid);
    quiet = now === last ? quiet + 1 : 0;
    last = now;
    return quiet >= 10;
  });
}
