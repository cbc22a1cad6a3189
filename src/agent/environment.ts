import type { AgentRule, EnvironmentNames } from '../event/index.js';

/** What a platform may put into an agent's environment for a rule to match; no identity without a rule. */
const ASSEMBLY = ['AA_AGENT_ID', 'AA_AGENT_TEAM_ID', 'AA_AGENT_ORG_ID'];
/** ld.so(8) loads foreign code for these. */
const LINKER = ['LD_PRELOAD', 'LD_AUDIT', 'LD_LIBRARY_PATH'];

/** Names that known agents give to the programs they start. Only that they are there is told, never a value. */
export const MARKS: readonly string[] = [
  ...['CLAUDECODE', 'CODEX_SESSION_ID', 'GEMINI_CLI', 'QWEN_CODE', 'OPENCODE', 'AI_AGENT'],
  ...['CURSOR_AGENT', 'COPILOT_CLI'],
];

/** Bytes of a name the kernel's map can hold, its NUL included. */
const NAME_BYTES = 64;

/** Longer names are asked of the host. */
export const isToldByKernel = (name: string): boolean => Buffer.byteLength(name) < NAME_BYTES;

/** Every name a rule asks for. */
export const namesOf = (rules: readonly AgentRule[]): readonly string[] => [
  ...new Set(rules.flatMap(({ match }) => Object.keys(match.env ?? {}))),
];

export function environmentNames(rules: readonly AgentRule[]): EnvironmentNames {
  const values = [...new Set([...namesOf(rules), ...ASSEMBLY, ...LINKER])].filter(isToldByKernel);
  return { values, marks: MARKS.filter((name) => !values.includes(name)) };
}
