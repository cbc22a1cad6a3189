/**
 * In: agent processes that start, execute, end, open flows and send a ClientHello; what the host found mapped; what
 * became of attachments. Out: commands to look up, attach and detach, and what of each process's TLS can be read.
 * Never: touches a file or a probe, or claims plaintext that could not have been read.
 */
export type { CoverageChange, StackStats, StackStep } from './coverage.js';
export { StackKeeper, type FlowShown } from './stack-keeper.js';
