/**
 * In: nothing. Out: the value types every room speaks, and the two ports to the world (KernelPort, HostPort).
 * Everybody may import it; it imports nobody. No I/O, no clock, no state.
 */
export * from './command.js';
export * from './fact.js';
export * from './file-id.js';
export * from './glob.js';
export * from './governance.js';
export * from './guard.js';
export * from './input.js';
export * from './kernel-event.js';
export * from './loss.js';
export * from './ports.js';
export * from './probe.js';
export * from './process-key.js';
export * from './settings.js';
export * from './own-value.js';
export * from './value.js';
