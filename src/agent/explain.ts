import type { AgentRule, PipelineSettings } from '../event/index.js';
import type { Agent } from './decision.js';
import { runningOfSubject } from './identify.js';
import { type ConditionName, conditionsOf, type Match, matchRule } from './rule-match.js';
import { isInterpreter } from './running.js';
import { recognise } from './signature.js';
import { roleOf, SIGNATURES } from './signatures/index.js';
import type { Subject } from './subject.js';

/** One way to be known as an agent, and what came of it. */
export interface ExplainLine {
  /** Id of a rule or an agent, name of a signature. */
  readonly what: string;
  readonly kind: 'registration' | 'rule' | 'signature' | 'behaviour';
  readonly matched: boolean;
  /** In words for people; holds no value of the environment. */
  readonly why: string;
}

/**
 * Every way, strongest first; rules and signatures in the order they are tried. `agent`: the one whose root the process
 * is; null: it is none's.
 */
export function explainSubject(
  subject: Subject,
  settings: PipelineSettings,
  agent: Agent | null,
): readonly ExplainLine[] {
  return [
    registrationLine(agent),
    ...settings.rules.map((rule) => ruleLine(rule, subject)),
    ...signatureLines(subject, settings),
    behaviourLine(subject, settings, agent),
  ];
}

function registrationLine(agent: Agent | null): ExplainLine {
  const matched = agent?.info.assurance === 'bound';
  const what = matched ? agent.info.id : 'governance.sock';
  const why = matched ? 'it registered as this agent' : 'it has not registered';
  return { kind: 'registration', what, matched, why };
}

function ruleLine(rule: AgentRule, subject: Subject): ExplainLine {
  const matched = matchRule(rule, subject) === 'yes';
  const parts = conditionsOf(rule, subject).map(({ name, result }) => partText(name, result));
  return { kind: 'rule', what: rule.id, matched, why: parts.join(', ') };
}

function signatureLines(subject: Subject, { signatures }: PipelineSettings): ExplainLine[] {
  const running = runningOfSubject(subject);
  const lines = SIGNATURES.map((signature): ExplainLine => {
    const evidence = signatures ? recognise(signature, running) : null;
    const not = signatures ? 'no mark of it fits' : 'agents.signatures is off';
    const matched = evidence !== null;
    return { kind: 'signature', what: signature.name, matched, why: evidence ?? not };
  });
  const role = roleOf(running);
  if (role === null || role === 'model-server') return lines;
  const why = 'its looks fit: a tool of the agent that started it, not an agent of its own';
  return [...lines, { kind: 'signature', what: role, matched: false, why }];
}

function behaviourLine(
  { exe, marks }: Subject,
  { inference }: PipelineSettings,
  agent: Agent | null,
): ExplainLine {
  const matched = agent?.info.assurance === 'inferred';
  const hints = marks.map(
    (name) => `; its environment has the mark ${name}, a hint and no evidence by itself`,
  );
  const why = (): string => {
    if (matched) return 'it did what an agent does';
    if (!inference) return 'agents.inference is off';
    return isInterpreter(exe) ? 'it has not spoken to a model' : 'it is no interpreter';
  };
  return {
    kind: 'behaviour',
    what: 'agents.inference',
    matched,
    why: `${why()}${hints.join('')}`,
  };
}

const partText = (name: ConditionName, result: Match): string => {
  if (result === 'yes') return `${name} matches`;
  return result === 'no' ? `${name} differs` : `${name} was not found out`;
};
