import type { Command } from '../event/index.js';
import type { Decision, RegistryStep } from './decision.js';
import type { Decided, Outcome } from './questions.js';

export const NOTHING: RegistryStep = { decisions: [], commands: [] };

export const stepWith = (decisions: readonly Decision[]): RegistryStep => ({
  decisions,
  commands: [],
});

export const joined = (...steps: readonly RegistryStep[]): RegistryStep => ({
  decisions: steps.flatMap(({ decisions }) => decisions),
  commands: steps.flatMap(({ commands }) => commands),
});

/** What was answered becomes decisions, what was not becomes commands. */
export function stepOf<A>(
  outcomes: readonly Outcome<A>[],
  decide: (decided: Decided<A>) => readonly Decision[],
): RegistryStep {
  const commands: Command[] = [];
  const decisions: Decision[] = [];
  for (const outcome of outcomes) {
    if (outcome.outcome === 'ask') commands.push(outcome.command);
    else decisions.push(...decide(outcome));
  }
  return { decisions, commands };
}
