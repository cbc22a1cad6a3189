/**
 * In: a journal directory, the node's public key, and what its signer signed last. Out: a verdict, and every damage with
 * the place where it lies. It never writes, never trusts a key that lies in the records, and never stops at the first
 * damage.
 */
export { proveConsistency, proveRecord } from './prove.js';
export type { Proved } from './prove.js';
export type { FoundDamage, Report, Span, Verdict, VerifyOptions } from './report.js';
export { verifyJournal } from './verify.js';
