import { join } from 'node:path';
import type { RecordBody } from '../record/index.js';
import { readLines, writeLines } from './line-file.js';

const SESSIONS_MAX = 16_384;

/**
 * Sessions whose `agent.unregistered` is in the journal: a daemon that starts over does not say it again. Of this boot
 * only, for a session does not outlive one.
 */
export class ToldSessions {
  readonly #path: string;
  readonly #bootId: string;
  readonly #sessions: Set<string>;
  /** Journaled and perhaps not durable yet, by number. */
  #waiting: { readonly seq: bigint; readonly session: string }[] = [];

  constructor(stateDir: string, bootId: string) {
    this.#path = join(stateDir, 'told-sessions');
    this.#bootId = bootId;
    const [boot, ...sessions] = readLines(this.#path);
    const valid = sessions.filter((line) => /^[0-9a-f-]{36}$/.test(line));
    this.#sessions = new Set(boot === bootId ? valid.slice(-SESSIONS_MAX) : []);
  }

  get sessions(): readonly string[] {
    return [...this.#sessions];
  }

  journaled({ finding, agent }: RecordBody, seq: bigint): void {
    if (finding?.rule !== 'agent.unregistered' || !agent?.session) return;
    this.#waiting.push({ seq, session: agent.session });
  }

  /** What is durable by now is written down; cheap when nothing is. */
  committed(until: bigint): void {
    const durable = this.#waiting.filter(({ seq }) => seq <= until);
    if (durable.length === 0) return;
    this.#waiting = this.#waiting.filter(({ seq }) => seq > until);
    for (const { session } of durable) {
      const [oldest] = this.#sessions;
      if (oldest !== undefined && this.#sessions.size >= SESSIONS_MAX)
        this.#sessions.delete(oldest);
      this.#sessions.add(session);
    }
    writeLines(this.#path, [this.#bootId, ...this.#sessions]);
  }
}
