import type { ProcessKey } from './process-key.js';

/** What a layer above declared. */
export interface GovernanceRecord {
  readonly layer: 'sdk' | 'proxy';
  readonly agent: string | null;
  readonly process: ProcessKey | null;
  readonly action: 'exec' | 'connect' | 'llm' | 'tool';
  readonly host: string | null;
  readonly port: number | null;
  readonly tool: string | null;
  readonly span: string | null;
  /** CLOCK_BOOTTIME, nanoseconds. */
  readonly at: bigint;
  readonly validForMs: number;
}

/** Of the process at the other end of the governance socket, by its peer credentials. */
export interface Registration {
  readonly key: ProcessKey;
  readonly uid: number;
  /** org/team/agent */
  readonly agent: string;
  /** Display name; null: the last part of `agent`. */
  readonly name: string | null;
  /** CLOCK_BOOTTIME, nanoseconds. */
  readonly at: bigint;
}

/** What a registration was answered. */
export type RegistrationReply =
  | { readonly ok: true; readonly id: string; readonly session: string }
  | { readonly ok: false; readonly error: string };
