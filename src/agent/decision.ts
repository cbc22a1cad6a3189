import type { AgentInfo, Command, Governance, Origin, ProcessKey } from '../event/index.js';

/** What an agent's root had at its first exec, and its children have from it without doing anything. */
export interface Birth {
  readonly uid: number;
  readonly cgroupId: bigint | null;
  /** Of names that rules ask for. */
  readonly env: Readonly<Record<string, string>>;
}

/** One run of an agent: a root and whatever descends from it. */
export interface Agent {
  readonly info: AgentInfo;
  readonly root: ProcessKey;
  readonly governance: Governance;
  /** Why it is this agent, one observation a line. */
  readonly evidence: readonly string[];
  /** A fact that a rule asked for never came: it might be a registered agent after all. */
  readonly unsure: boolean;
  /** Of the exec or seed that showed it. */
  readonly origin: Origin;
  /** It ran before the sensors. */
  readonly bootstrap: boolean;
  /** It answers prompts and acts for nobody: nobody needs to register it. */
  readonly isServer?: boolean;
  /** Its rule says how the executable is called: whatever is in it, the name is no disguise. */
  readonly isNamedByFile?: boolean;
  /** Absent: not seen. */
  readonly birth?: Birth;
}

export type Decision =
  | { readonly verdict: 'agent'; readonly root: ProcessKey; readonly agent: Agent }
  | { readonly verdict: 'stranger'; readonly root: ProcessKey }
  /** An interpreter nobody knows, which may yet speak to a model. */
  | { readonly verdict: 'watched'; readonly root: ProcessKey }
  /** A process that existed before belongs to a lineage that existed before. */
  | {
      readonly verdict: 'member';
      readonly root: ProcessKey;
      readonly key: ProcessKey;
      readonly parent: ProcessKey;
    }
  /** A process that existed before belongs to none. */
  | { readonly verdict: 'foreign'; readonly key: ProcessKey };

/** What the registry decided, and what it must know to decide the rest. */
export interface RegistryStep {
  readonly decisions: readonly Decision[];
  readonly commands: readonly Command[];
}

export interface RegistryStats {
  readonly agents: number;
  readonly pending: number;
  readonly seeds: number;
  /** Verdicts made without a fact that was asked for, because it did not come in time. */
  readonly verdictTimeouts: number;
  /** Pending roots called strangers for want of room. */
  readonly pendingRefused: number;
  readonly agentsEvicted: number;
  readonly watched: number;
  /** Watched interpreters called strangers for want of room. */
  readonly watchedEvicted: number;
  /** Agents started by agents, not followed by themselves for want of room. */
  readonly nestedRefused: number;
  /** Registrations of living processes. */
  readonly registered: number;
  readonly registrationsRefused: number;
}
