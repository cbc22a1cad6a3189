/**
 * In: a value of the pure stages, which still holds what was captured. Out: a Storable, the only thing the journal
 * accepts: the record's content with every credential it can recognise replaced by `[kind:bytes]`, and the count of
 * them; and the same cleaning for what is told without being kept. It never keeps what it took out, never fails, and
 * takes time linear in its input.
 */
export { redact } from './redact.js';
export type { Stamp, Storable } from './redact.js';
export { redactAgent, redactPath, redactProcess, redactSentence } from './told.js';
