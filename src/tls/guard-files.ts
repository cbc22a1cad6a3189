import { fileIdText, type Command, type FilesFact } from '../event/index.js';
import type { Guarded, GuardStep } from './guard.js';

/** A new version is to be read within two seconds: half of it is left for looking it up and attaching. */
const LOOK_NS = 500_000_000n;
/** A library that is written over again and again is not a reason to look it up more often than this. */
const RENEW_NS = 1_000_000_000n;
const FILES_MAX = 1024;

/** Whether files with probes are still what they were when these were put there. */
export class FileGuard {
  readonly #renewed = new Map<string, bigint>();
  #nextNs = 0n;
  #nowNs = 0n;
  readonly #stats = { rewritten: 0, replaced: 0 };

  tick(nowNs: bigint, attached: () => readonly Guarded[]): Command[] {
    this.#nowNs = nowNs;
    if (nowNs < this.#nextNs) return [];
    this.#nextNs = nowNs + LOOK_NS;
    for (const [file, untilNs] of this.#renewed) if (nowNs >= untilNs) this.#renewed.delete(file);
    const targets = attached()
      .slice(0, FILES_MAX)
      .map(({ stack, users }) => {
        const [through] = users.values();
        return { stack, through: through ?? null };
      });
    return targets.length === 0 ? [] : [{ do: 'look_at_files', targets }];
  }

  fact({ answers }: FilesFact): Pick<GuardStep, 'rewritten' | 'systemChanged'> {
    const rewritten = answers.flatMap(({ file, state }) => {
      const id = fileIdText(file);
      if (state !== 'rewritten' || this.#renewed.has(id)) return [];
      this.#renewed.set(id, this.#nowNs + RENEW_NS);
      this.#stats.rewritten += 1;
      return [file];
    });
    const replaced = answers.filter(({ state }) => state === 'replaced').length;
    this.#stats.replaced += replaced;
    return { rewritten, systemChanged: replaced > 0 };
  }

  stats() {
    return { ...this.#stats };
  }
}
