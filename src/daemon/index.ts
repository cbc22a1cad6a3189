/**
 * In: a checked configuration. Out: a running sensor, its journal and its read socket, until it is told to stop. It is
 * where the pure stages meet the world: it feeds them every input in one order and carries out what they ask for. Never:
 * judges, or stores what redact/ did not make.
 */
export { runDaemon } from './run-daemon.js';
export { leftPins } from './left-pins.js';
export { exercise } from './exercise.js';
export { gatewayHost } from './gateway-host.js';
