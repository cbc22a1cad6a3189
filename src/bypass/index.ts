/**
 * In: agents with what must govern them, changes of their flows, requests read in plaintext, who listens at a proxy's
 * address, governance records, losses and time. Out: findings with their evidence, and who must be asked about. Never:
 * blocks anything, or claims that something was absent while evidence was being lost.
 */
export { BypassDetector, type BypassStats, type BypassStep } from './detector.js';
