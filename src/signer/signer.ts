import { fileURLToPath } from 'node:url';
import type { TreeState } from '../tlog/index.js';
import { SignerError } from './error.js';
import { launch } from './launch.js';
import type { Launched } from './launch.js';
import type { Ending, ProcessOptions, SignerProcess } from './process.js';
import { encodeCheckpoint, encodeHeartbeat } from './protocol.js';
import type { Answer, SignerIdentity } from './protocol.js';
import type { CheckpointAnswer, CheckpointRequest } from './request.js';

/** Beside the addon. The path holds from src/ and from dist/ alike. */
const BINARY = fileURLToPath(new URL('../../build/Release/watchfloor-signer', import.meta.url));
/** Longer than the fsync of a disk that is merely busy. */
const DEADLINE_MS = 10_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;

export interface SignerOptions {
  /** `<state_dir>/signer`. Made at the first start; its parent must be there. */
  readonly directory: string;
  /** Origin of all it signs, such as `watchfloor.v1/default/web-1`: ASCII without space and `+`. */
  readonly origin: string;
  readonly binary?: string;
  /** How long an answer may take before the process is started anew. */
  readonly deadlineMs?: number;
}

export interface SignerStats {
  /** behind: the process came back with less than it had signed, or another key; nothing is signed any more. */
  readonly condition: 'running' | 'restarting' | 'behind' | 'stopped';
  /** Notes given out. */
  readonly signed: number;
  /** Requests that it will not sign. */
  readonly refused: number;
  /** Requests that had no answer. */
  readonly unavailable: number;
  readonly restarts: number;
  /** What went wrong last. */
  readonly lastError: string | null;
}

/** The node's signer: a process that has the key, started again when it dies. */
export class Signer {
  readonly vkey: string;
  readonly #options: ProcessOptions;
  #state: TreeState;
  #process: SignerProcess | null = null;
  #condition: SignerStats['condition'] = 'running';
  #counts = { signed: 0, refused: 0, unavailable: 0, restarts: 0 };
  #lastError: string | null = null;
  #pauseMs = FIRST_PAUSE_MS;
  #restart: NodeJS.Timeout | null = null;
  #starting: Promise<void> | null = null;

  private constructor(options: ProcessOptions, launched: Launched) {
    this.#options = options;
    this.vkey = launched.identity.vkey;
    this.#state = launched.identity.state;
    this.#adopt(launched);
  }

  /** Starts the process, which makes the key when there is none. Throws SignerError. */
  static async start({ binary, deadlineMs, ...place }: SignerOptions): Promise<Signer> {
    const rest = { binary: binary ?? BINARY, deadlineMs: deadlineMs ?? DEADLINE_MS };
    const launched = await launch({ ...place, ...rest });
    if (!('process' in launched)) throw new SignerError(place.directory, launched);
    return new Signer({ ...place, ...rest }, launched);
  }

  /** The last checkpoint that we know was signed. It never goes back. */
  get state(): TreeState {
    return this.#state;
  }

  async checkpoint(request: CheckpointRequest): Promise<CheckpointAnswer> {
    const answer = await this.#ask(encodeCheckpoint(request));
    if (answer === 'invalid' || answer === 'inconsistent' || answer === 'unavailable') {
      return { ok: false, reason: answer };
    }
    const { size, root, range } = request;
    this.#state = { size, root, range, note: answer.note };
    return { ok: true, note: answer.note };
  }

  /** The signed note of docs/nats.md over a heartbeat's number and digest (32 bytes); null: there is none now. */
  async heartbeat(number: bigint, digest: Buffer): Promise<string | null> {
    const answer = await this.#ask(encodeHeartbeat(number, digest));
    return typeof answer === 'string' ? null : answer.note;
  }

  stats(): SignerStats {
    return { condition: this.#condition, ...this.#counts, lastError: this.#lastError };
  }

  /** Lets the process answer what it was asked, and end. */
  async stop(): Promise<void> {
    this.#condition = 'stopped';
    if (this.#restart !== null) clearTimeout(this.#restart);
    await this.#starting;
    const process = this.#process;
    if (process === null) return;
    process.end();
    const deadline = setTimeout(() => {
      process.giveUp('it did not end in time');
    }, this.#options.deadlineMs);
    await process.ended;
    clearTimeout(deadline);
  }

  async #ask(
    frame: Buffer | null,
  ): Promise<{ note: string } | 'inconsistent' | 'invalid' | 'unavailable'> {
    if (frame === null) return this.#refuse('invalid');
    if (this.#condition === 'behind') return this.#refuse('inconsistent');
    const answer = (await this.#process?.ask(frame)) ?? null;
    return this.#judge(answer);
  }

  #judge(answer: Answer | null): { note: string } | 'inconsistent' | 'invalid' | 'unavailable' {
    switch (answer?.outcome) {
      case 'ok':
        this.#counts.signed++;
        this.#pauseMs = FIRST_PAUSE_MS;
        return { note: answer.body.toString() };
      case 'inconsistent':
      case 'invalid':
        return this.#refuse(answer.outcome);
      case 'failed':
        this.#lastError = answer.body.toString();
        this.#counts.unavailable++;
        return 'unavailable';
      case undefined:
        this.#counts.unavailable++;
        return 'unavailable';
    }
  }

  #refuse<T>(reason: T): T {
    this.#counts.refused++;
    return reason;
  }

  #adopt({ process, identity }: Launched): void {
    this.#process = process;
    void process.ended.then((ending) => {
      this.#process = null;
      this.#again(ending);
    });
    const problem = this.#goesBack(identity);
    if (problem !== null) this.#lastError = problem;
    else this.#state = identity.state;
    if (this.#condition !== 'stopped') this.#condition = problem === null ? 'running' : 'behind';
  }

  /** What it signed while we did not hear the answer is in its state, so that may be ahead of ours, but never behind. */
  #goesBack({ vkey, state }: SignerIdentity): string | null {
    if (vkey !== this.vkey) return 'it came back with another key';
    if (state.size < this.#state.size) return 'it came back with less than it had signed';
    const same = state.size > this.#state.size || state.root.equals(this.#state.root);
    return same ? null : 'it came back with another root';
  }

  #again({ reason }: Ending): void {
    if (this.#condition === 'stopped') return;
    this.#condition = 'restarting';
    this.#lastError = reason;
    this.#restart = setTimeout(() => {
      this.#starting = this.#start();
    }, this.#pauseMs);
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
  }

  async #start(): Promise<void> {
    this.#counts.restarts++;
    const launched = await launch(this.#options);
    if ('process' in launched) this.#adopt(launched);
    else this.#again(launched);
  }
}
