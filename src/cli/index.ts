/**
 * In: arguments, and two services that need the kernel. Out: text on standard output, messages on standard error, and an
 * exit code. Never: a stack trace for what the user or the machine did, or a byte of a record that was not escaped.
 */
export { runCli } from './run-cli.js';
export { CliError, EXIT } from './exit.js';
export { agentLines } from './agent-line.js';
export type { AgentLine, KnownAgent, MemberLine } from './agent-line.js';
export { coverageLines } from './coverage-line.js';
export type { CoverageLine, KnownCoverage } from './coverage-line.js';
export { explanationOf } from './explanation.js';
export type { ExplainLine, Explanation, KnownProcess } from './explanation.js';
export type { Exercised, LeftPins, RunRequest, Services } from './services.js';
export { Output } from './output.js';
export type { Terminal } from './output.js';
