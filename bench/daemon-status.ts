import { parseLines, runCommand, type Owner } from '../test/helpers/children.js';
import type { Place } from '../test/helpers/daemon.js';

/** What the benchmarks read of `status -o json`. */
export interface DaemonStatus {
  readonly agents: number;
  readonly seedsWaiting: number;
  readonly processes: number;
  readonly rings: readonly RingLosses[];
  readonly invalid: number;
  readonly journal: number;
}

interface RingLosses {
  readonly ring: string;
  readonly dropped: number;
  readonly residual: number;
}

interface Status {
  readonly journal: { readonly losses: readonly { readonly count: number | string }[] };
  readonly pipeline: {
    readonly agents: number;
    readonly invalid: Readonly<Record<string, number>>;
    readonly accounting: { readonly rings: readonly RingLosses[] };
    readonly registry: { readonly seeds: number };
    readonly processes: { readonly processes: number };
  };
}

/** Throws when the daemon does not answer. */
export async function readStatus(owner: Owner, place: Place): Promise<DaemonStatus> {
  const { stdout, stderr } = await runCommand(owner, place.command('status', '-o', 'json'));
  const [status] = parseLines<Status>(stdout);
  if (status === undefined) throw new Error(`no status: ${stderr}`);
  const { pipeline, journal } = status;
  return {
    agents: pipeline.agents,
    seedsWaiting: pipeline.registry.seeds,
    processes: pipeline.processes.processes,
    rings: pipeline.accounting.rings,
    invalid: Object.values(pipeline.invalid).reduce((sum, count) => sum + count, 0),
    journal: journal.losses.reduce((sum, { count }) => sum + Number(count), 0),
  };
}

/** By the daemon's own account, of the lifecycle ring and of everything behind it; 0 once every ring is empty. */
export function lossesOf({ rings, invalid, journal }: DaemonStatus): number {
  const lifecycle = rings.find(({ ring }) => ring === 'lifecycle');
  if (lifecycle === undefined) throw new Error('no account of the lifecycle ring');
  return lifecycle.dropped + Math.abs(lifecycle.residual) + invalid + journal;
}
