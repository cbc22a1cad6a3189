/**
 * In: socket events of the kernel, first payload bytes (of ClientHellos and QUIC Initials as many as they take), and the TLS calls that show which socket a session uses.
 * Out: flows, each settled once, named by the strongest evidence, and the flow of a TLS session. Never: names a flow
 * from an answer it has not seen, or follows evidence that contradicts a certain tie.
 */
export { FlowTable } from './flow-table.js';
export { isDohPath } from './resolver.js';
export { tlsOfFlow } from './flow.js';
export type { Flow, FlowChange, FlowStats, HelloSigns } from './flow.js';
