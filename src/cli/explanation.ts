import type { AgentInfo, ProcessInfo } from '../event/index.js';
import { agentShape, processShape } from '../present/index.js';
import type { AgentShape, ProcessShape } from '../present/index.js';
import { redactAgent, redactProcess, redactSentence } from '../redact/index.js';

/** One way to be known as an agent, and what came of it. */
export interface ExplainLine {
  /** Id of a rule, name of a signature. */
  readonly what: string;
  readonly kind: 'registration' | 'rule' | 'signature' | 'behaviour';
  readonly matched: boolean;
  /** In words for people. */
  readonly why: string;
}

/** A process as the daemon knows it, with everything that was captured of it. */
export interface KnownProcess {
  readonly process: ProcessInfo;
  /** null: the account has no name. */
  readonly user: string | null;
  /** null: it belongs to no agent. */
  readonly agent: { readonly info: AgentInfo; readonly evidence: readonly string[] } | null;
  readonly lines: readonly ExplainLine[];
}

/** Why a process is whose it is, as JSON on the read socket and in `-o json`; `process` and `agent` as in a record. */
export interface Explanation {
  readonly process: ProcessShape;
  readonly user: string | null;
  readonly agent: AgentShape | null;
  readonly lines: readonly ExplainLine[];
}

/** There is a line for each rule of the configuration and each signature; nobody reads more. */
const MAX_LINES = 1024;

/** The daemon's answer to `explain`: cleaned as records are. */
export const explanationOf = ({ process, user, agent, lines }: KnownProcess): Explanation => ({
  process: processShape(redactProcess(process)),
  user,
  agent: agent === null ? null : agentShape(redactAgent(agent.info, agent.evidence)),
  lines: lines.slice(0, MAX_LINES).map(({ what, kind, matched, why }) => ({
    what: redactSentence(what),
    kind,
    matched,
    why: redactSentence(why),
  })),
});
