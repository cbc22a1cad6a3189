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
