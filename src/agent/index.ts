/**
 * In: execs that ask for a verdict or happen inside an agent's lineage, processes that existed before, registrations, and
 * facts about processes, files and users. Out: verdicts, the agent of each root with the evidence for it and who started
 * it, the names the kernel must ask about, and look-ups. Never: believes a `comm`, an environment nobody configured, or
 * two images of one process at once.
 */
export { noteOf } from './agent-note.js';
export type { Agent, Decision, RegistryStats, RegistryStep } from './decision.js';
export {
  Disguises,
  type DisguiseRule,
  type DisguiseStats,
  type DisguiseStep,
  type Observation,
} from './disguise/index.js';
export { HandOffs, type HandOffLink, type HandOffStep } from './handoff/handoffs.js';
export type { ExplainLine } from './explain.js';
export { AgentRegistry } from './registry.js';
export { SIGNATURES_TOLD } from './signatures/index.js';
export type { RootState } from './standing.js';
export { bareSubject, type Subject, withFact } from './subject.js';
