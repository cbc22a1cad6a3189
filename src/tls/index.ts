/**
 * In: agent processes that start, execute, end, open flows, send a ClientHello and are read; what the host found mapped;
 * what became of attachments. Out: commands to look up, attach and detach, what of each stack of each process can be read,
 * and the flows of which nothing was. Never: touches a file or a probe, or claims plaintext that could not have been read.
 */
export type {
  CoverageChange,
  CoverageRow,
  Exhausted,
  FlowShown,
  ReadStep,
  StackStats,
  StackStep,
} from './coverage.js';
export type { GuardedStep, GuardFact } from './guarded-stacks.js';
export { type HelloFlow, type Opaque, Reconciler } from './reconciler.js';
export { StackKeeper } from './stack-keeper.js';
