/**
 * In: batches of records as the kernel wrote them, and snapshots of its counters. Out: events in the order of time,
 * records that are none with the reason, and what was lost. Never: throws on any bytes, or interprets what an event
 * means.
 */
export { decodeBatch, type Decoded, type Invalid } from './batch.js';
export { type Accounting, LossTracker, type RingAccount } from './losses.js';
export { WfLimits } from './layout.gen.js';
