/**
 * In: what happened to the daemon itself, and the counts of the other rooms. Out: log lines, and the status document.
 * Never: payload, arguments or header values of a watched process; those are not even accepted by type.
 */
export { createLog, LOG_LEVELS } from './log.js';
export type { Log, LogFields, LogLevel } from './log.js';
export { assembleStatus, missingPins, missingSensors } from './status.js';
export type { Status, StatusParts } from './status.js';
