import type { Command, Origin, ProcessKey, Severity } from '../../event/index.js';

export type DisguiseRule =
  'agent.masquerade' | 'exec.fileless' | 'exec.deleted' | 'exec.preload' | 'exec.stdin_script';

/** Something about how a process was started, or what it calls itself, that hides what it is. */
export interface Observation {
  readonly rule: DisguiseRule;
  /** Which way of hiding; with the rule it tells apart what one event gave. */
  readonly way: string;
  readonly key: ProcessKey;
  readonly origin: Origin;
  readonly summary: string;
  /** One observation a line. */
  readonly evidence: readonly string[];
  readonly severity: Severity;
  /** It holds only if no exec of the process was lost. */
  readonly needsEveryExec: boolean;
}

export interface DisguiseStep {
  readonly observations: readonly Observation[];
  readonly commands: readonly Command[];
}

/** What one look finds, before it is known whose it is. */
export type Sight = Omit<Observation, 'key' | 'origin' | 'needsEveryExec'>;

const QUOTED_MAX = 200;

/** A text of the watched process in a line of evidence, not longer than a line. */
export const quoted = (text: string): string =>
  text.length <= QUOTED_MAX ? text : `${text.slice(0, QUOTED_MAX)}...`;
