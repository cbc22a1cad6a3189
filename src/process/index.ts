/**
 * In: fork, exec, exit and seed events of lineages, and what the host found out about a process. Out: who a process is,
 * with the chain from its parent to the root of its lineage, and which members of a lineage live. Never: decides whose
 * agent a process is, or forgets one before late events of it could come.
 */
export { Lineage } from './lineage.js';
export { ProcessTable, type ProcessStats } from './table.js';
export { invocationOf, type Invocation } from './invocation.js';
export { programOf } from './program.js';
export { baseName, kindOfName, namesKind, wordsOf } from './program-names.js';
