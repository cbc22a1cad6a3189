import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordBody } from '../record/index.js';

const SESSIONS_MAX = 16_384;
/** A longer file is not ours. */
const BYTES_MAX = 1 << 20;

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

/** None where there is no such file, or none that could be ours: then it is said once more. */
function readLines(path: string): string[] {
  try {
    const bytes = readFileSync(path);
    return bytes.length > BYTES_MAX ? [] : bytes.toString('latin1').split('\n');
  } catch {
    return [];
  }
}

/** Whole or not at all; what is lost with the power is said once more. */
function writeLines(path: string, lines: readonly string[]): void {
  try {
    writeFileSync(`${path}.new`, `${lines.join('\n')}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch {
    // A full disk is said by the journal, which stands on the same one.
  }
}
