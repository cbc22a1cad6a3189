import type { AgentInfo, ProcessInfo } from '../event/index.js';
import type { Agent, Process } from '../record/index.js';
import { Redactions } from './mark.js';
import { agentPart, processPart } from './parts.js';
import { Texts } from './texts.js';

/**
 * The cleaning of records for what is told and not kept: `agents` and `explain`. What was taken out shows by its mark and
 * is counted nowhere.
 */
const texts = (): Texts => new Texts(new Redactions());

export const redactProcess = (process: ProcessInfo): Process => processPart(process, texts());

export function redactAgent(agent: AgentInfo, evidence: readonly string[] = []): Agent {
  const cleaned = texts().sentences('agent.evidence', evidence);
  return { ...agentPart(agent, texts()), evidence: cleaned };
}

/** A path of a file, such as an executable. */
export const redactPath = (path: string): string => texts().plain('path', path);

/** Text that may quote a command line. */
export const redactSentence = (text: string): string => texts().sentence('sentence', text);
