import {
  stackId,
  processId,
  type AlteredProbe,
  type Command,
  type FileId,
  type ProbesAnswer,
  type ProbesFact,
  type ProbeTarget,
  type ProcessKey,
  type TlsLibrary,
} from '../event/index.js';
import type { Guarded } from './guard.js';

/** Each process is looked at as often as this, or as often as there is time for. */
const ROUND_NS = 3_000_000_000n;
/** Asked for in one tick; who answers has a budget of time of its own. */
const TARGETS_MAX = 64;
/** One look more before anything is said: a mapping may be in the making. */
const CONFIRM = 2;
const ROUND_MAX = 65_536;
const ALTERED_MAX = 4096;

export interface Tampered {
  readonly key: ProcessKey;
  readonly file: FileId;
  readonly library: TlsLibrary;
  readonly path: string;
  readonly altered: readonly AlteredProbe[];
  readonly checked: number;
  /** Counts from 1 for one process and stack: other probes of it were altered before. */
  readonly number: number;
}

export type Mended = Pick<Tampered, 'key' | 'file' | 'library'>;

interface Altered {
  /** Looks in a row that saw it. */
  seen: number;
  /** What was said of it last; empty: nothing yet. */
  said: string;
  count: number;
}

/** Whether probes stand in the memory of each process that could use them. One look after another, round and round. */
export class ProbeGuard {
  #round: ProbeTarget[] = [];
  /** What the next tick asks about first. */
  #again: ProbeTarget[] = [];
  readonly #asked = new Map<string, ProbeTarget>();
  readonly #altered = new Map<string, Altered>();
  #nextRoundNs = 0n;
  readonly #stats = { looks: 0, unreadable: 0, tampered: 0, notInRound: 0, evicted: 0 };

  tick(nowNs: bigint, attached: () => readonly Guarded[]): Command[] {
    // What was asked in a tick is answered before the next one.
    this.#asked.clear();
    if (this.#round.length === 0 && nowNs >= this.#nextRoundNs) {
      this.#nextRoundNs = nowNs + ROUND_NS;
      this.#begin(attached());
    }
    const targets = this.#again.splice(0, TARGETS_MAX);
    targets.push(...this.#round.splice(0, TARGETS_MAX - targets.length));
    if (targets.length === 0) return [];
    for (const target of targets) {
      const { file, library } = target.stack;
      this.#asked.set(idOf({ key: target.key, file, library }), target);
    }
    return [{ do: 'attest', targets }];
  }

  /** `mended`: probes that stand again after it was said that they did not. */
  fact({ answers }: ProbesFact): { tampered: Tampered[]; mended: Mended[] } {
    const mended = answers.filter(
      (answer) => answer.state === 'whole' && (this.#altered.get(idOf(answer))?.count ?? 0) > 0,
    );
    const tampered = answers.flatMap((answer) => {
      const id = idOf(answer);
      const target = this.#asked.get(id);
      this.#asked.delete(id);
      return target === undefined ? [] : this.#answered(id, answer, target);
    });
    return { tampered, mended };
  }

  stats() {
    return { ...this.#stats, altered: this.#altered.size, waiting: this.#round.length };
  }

  #begin(attached: readonly Guarded[]): void {
    const round: ProbeTarget[] = [];
    const there = new Set<string>();
    for (const { stack, users } of attached) {
      for (const key of users.values()) {
        if (round.length >= ROUND_MAX) {
          this.#stats.notInRound += 1;
          continue;
        }
        round.push({ key, stack });
        there.add(idOf({ key, file: stack.file, library: stack.library }));
      }
    }
    this.#round = round;
    for (const id of this.#altered.keys()) if (!there.has(id)) this.#altered.delete(id);
  }

  #answered(id: string, answer: ProbesAnswer, target: ProbeTarget): Tampered[] {
    switch (answer.state) {
      case 'postponed':
        this.#again.push(target);
        return [];
      case 'gone':
        this.#altered.delete(id);
        return [];
      case 'unreadable':
        this.#stats.unreadable += 1;
        return [];
      case 'whole':
        this.#stats.looks += 1;
        this.#altered.delete(id);
        return [];
      case 'altered':
        this.#stats.looks += 1;
        return this.#isAltered(id, answer, target);
    }
  }

  #isAltered(id: string, answer: ProbesAnswer, target: ProbeTarget): Tampered[] {
    const one = this.#remember(id);
    one.seen += 1;
    if (one.seen < CONFIRM) {
      this.#again.push(target);
      return [];
    }
    const what = answer.altered.map(({ offset, flaw }) => `${offset} ${flaw}`).join();
    if (one.said === what) return [];
    one.said = what;
    one.count += 1;
    this.#stats.tampered += 1;
    const { key, file, library, altered, checked } = answer;
    const { path } = target.stack;
    return [{ key, file, library, path, altered, checked, number: one.count }];
  }

  #remember(id: string): Altered {
    const known = this.#altered.get(id);
    if (known !== undefined) return known;
    const [oldest] = this.#altered.keys();
    if (oldest !== undefined && this.#altered.size >= ALTERED_MAX) {
      this.#altered.delete(oldest);
      this.#stats.evicted += 1;
    }
    const fresh = { seen: 0, said: '', count: 0 };
    this.#altered.set(id, fresh);
    return fresh;
  }
}

const idOf = (answer: Pick<ProbesAnswer, 'key' | 'file' | 'library'>): string =>
  `${processId(answer.key)} ${stackId(answer)}`;
