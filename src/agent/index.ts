/**
 * In: execs that ask for a verdict, processes that existed before, and facts about processes and users. Out: verdicts,
 * the agent of each root with the evidence for it, the names the kernel must ask about, and look-ups. Never: believes a
 * `comm`, an environment nobody configured, or two images of one process at once.
 */
export { noteOf } from './agent-note.js';
export type { Agent, Decision, RegistryStats, RegistryStep } from './decision.js';
export { AgentRegistry, type RootState } from './registry.js';
