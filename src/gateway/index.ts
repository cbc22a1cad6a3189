/**
 * In: the stream of records that nodes publish. Out: a copy of each node's journal, byte for byte; cosignatures of the
 * trees that node and copy agree on; findings about nodes in a journal of its own. It never acknowledges what is not
 * durable, never cosigns a smaller tree or a second root, never trusts a second key, and never changes a record.
 */
export { gatewayKey, runGateway } from './run-gateway.js';
export type { GatewayHost, GatewayRequest } from './run-gateway.js';
