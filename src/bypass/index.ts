/**
 * In: agents with what must govern them, changes of their flows, requests read in plaintext, who listens at a proxy's
 * address, governance records, losses and time. Out: findings with their evidence, and who must be asked about. Never:
 * blocks anything, or claims that something was absent while evidence was being lost.
 */
export { type FdRelayCase, judgeFdRelay, type Party } from './rules/fd-relay.js';
export { judgeReduced, type ReducedCase } from './rules/coverage-reduced.js';
export { judgeTamper, type TamperCase } from './rules/sensor-tamper.js';
export { BypassDetector, type BypassStats, type BypassStep } from './detector.js';
