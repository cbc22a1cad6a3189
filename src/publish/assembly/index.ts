/**
 * In: a record of the journal. Out: what Agent Assembly's gateway is told of it (docs/nats.md, "Agent Assembly"): a row of its
 * audit table, a sign of life for each agent of a heartbeat, or nothing. A pure function of the record: it never does I/O,
 * never looks at a clock, and never lets through a text that the gateway's database would refuse.
 */
export { auditMessages } from './messages.js';
