import { readFileSync } from 'node:fs';
import { followJson, startChild, type Owner } from '../test/helpers/children.js';
import { compileTrigger } from '../test/helpers/compile.js';
import { makePlace, readAll, startDaemon, type Place } from '../test/helpers/daemon.js';
import { ofKind } from '../test/helpers/line.js';
import { waitFor } from '../test/helpers/wait.js';
import { lossesOf, readStatus } from './daemon-status.js';
import { waitUntilIdle } from './loss.js';
import { residentMegabytes } from './machine.js';

export interface Many {
  /** Of the agent, known to the daemon. */
  readonly processes: number;
  /** From the start of its process to the first answer it can give. */
  readonly readyMs: number;
  /** Of that, from the sensors being in place. */
  readonly scanMs: number;
  readonly waiting: number;
  readonly losses: number;
  readonly residentMb: number;
  readonly mostMb: number;
}

/** An agent with so many living processes: all were there before the daemon, or they come while it runs. */
export async function measureMany(
  owner: Owner,
  count: number,
  when: 'before' | 'after',
): Promise<Many> {
  const sleepers = compileTrigger('sleepers');
  const config = { agents: { rules: [{ id: 'bench/identity/many', match: { exe: [sleepers] } }] } };
  const place = makePlace(owner, config);
  const start = async (): Promise<void> => {
    const options = { stdio: ['pipe', 'pipe', 'inherit'] as const };
    const said = followJson(
      startChild(owner, [sleepers, '--hold', '--count', String(count)], {
        stdio: [...options.stdio],
      }),
    );
    await waitFor('the sleepers', () => said.length > 0, 60_000);
  };
  if (when === 'before') await start();
  const startMs = Date.now();
  const daemon = await startDaemon(owner, place);
  const first = await readStatus(owner, place);
  if (when === 'after') await start();
  await waitUntilIdle(daemon.pid);
  const status = await readStatus(owner, place);
  const [residentMb, mostMb] = [
    residentMegabytes(daemon.pid),
    residentMegabytes(daemon.pid, 'most'),
  ];
  await daemon.stop();
  const [loaded] = ofKind(await readAll(owner, place), 'config');
  const readyMs = readyAt(place);
  return {
    processes: status.processes,
    readyMs: readyMs - startMs,
    scanMs: readyMs - Date.parse(loaded?.ts ?? ''),
    waiting: first.seedsWaiting,
    losses: lossesOf(status),
    residentMb,
    mostMb,
  };
}

/** When it said that it is: it has carried out by then whatever it asks about who is there. */
function readyAt({ log }: Place): number {
  const lines = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'));
  const said = lines.map(
    (line) => JSON.parse(line) as { readonly msg: string; readonly time: string },
  );
  return Date.parse(said.find(({ msg }) => msg === 'ready')?.time ?? '');
}
