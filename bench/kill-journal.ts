import { KillRounds, type Aftermath, type KillRound } from '../test/helpers/kill-rounds.js';
import { Ends } from './owner.js';

/** One journal and all kills of its daemon. */
export interface KilledJournal {
  readonly rounds: readonly KillRound[];
  readonly aftermath: Aftermath;
}

export async function killJournal(kills: number, seed: number): Promise<KilledJournal> {
  const ends = new Ends();
  try {
    const killing = KillRounds.begin(ends, seed);
    const rounds: KillRound[] = [];
    while (rounds.length < kills) rounds.push(await killing.round());
    return { rounds, aftermath: killing.aftermath() };
  } finally {
    await ends.all();
  }
}
