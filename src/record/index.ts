/**
 * In: what a record says. Out: its bytes (watchfloor.v1.Record), and records again from bytes of any origin; the id of
 * an event; the audit event inside a record. It never throws on bytes, never looks at a clock, and never decides what
 * may be stored: redact/ does.
 */
export * from './audit.js';
export * from './codec.js';
export * from './event-id.js';
export * from './header.js';
export * from './names.js';
export { Claim, RecordClass, Severity } from './proto.gen.js';
export type {
  Agent,
  AgentLink,
  AuditEvent,
  ChainLink,
  Checkpoint,
  Coverage,
  Descent,
  Dns,
  Exit,
  Finding,
  Gap,
  Heartbeat,
  Http,
  Net,
  Origin,
  Process,
  Redacted,
  Redaction,
  Retention,
  Sensor,
  Stub,
  Tls,
} from './proto.gen.js';
