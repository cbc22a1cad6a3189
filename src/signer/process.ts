import { spawn, type ChildProcessByStdio } from 'node:child_process';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { AnswerReader } from './protocol.js';
import type { Answer } from './protocol.js';

/** More requests than this are not waited for. */
const MAX_WAITING = 64;
const MAX_COMPLAINT_CHARS = 512;

export interface ProcessOptions {
  readonly binary: string;
  readonly directory: string;
  readonly origin: string;
  /** How long an answer may take before the process is given up. */
  readonly deadlineMs: number;
}

/** How a process ended. */
export interface Ending {
  /** Exit code, the signal's name, or the errno name of a binary that could not be run. */
  readonly by: number | string;
  readonly reason: string;
}

interface Waiting {
  readonly answer: (answer: Answer | null) => void;
  readonly deadline: NodeJS.Timeout;
}

/** One running process of the signer. It answers in the order it is asked, or is ended. */
export class SignerProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #deadlineMs: number;
  readonly #reader = new AnswerReader();
  #waiting: Waiting[] = [];
  #open = true;
  #complaint = '';
  /** Why we ended it, when we did. */
  #fault: string | null = null;
  /** Resolves behind the last answer. */
  readonly ended: Promise<Ending>;

  constructor(options: ProcessOptions) {
    const { binary, directory, origin } = options;
    this.#deadlineMs = options.deadlineMs;
    // Nothing of our environment: it may hold secrets, and what changes how a library behaves.
    const place = ['--directory', path.resolve(directory), '--origin', origin];
    this.#child = spawn(binary, place, {
      env: {},
      cwd: '/',
      stdio: ['pipe', 'pipe', 'pipe'],
      // A signal to our process group, such as that of a terminal, must not end it before the last checkpoint.
      detached: true,
    });
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#take(chunk);
    });
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString()).slice(0, MAX_COMPLAINT_CHARS);
    });
    // What fails on a pipe to a process that is gone is told by `close`.
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) {
      stream.on('error', () => undefined);
    }
    this.ended = this.#untilEnded();
  }

  /** 0 where it could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The answer; null: there is none, and there will be none. */
  ask(request: Buffer): Promise<Answer | null> {
    if (!this.#open || this.#waiting.length >= MAX_WAITING) return Promise.resolve(null);
    return new Promise((answer) => {
      const deadline = setTimeout(() => {
        this.giveUp('it did not answer in time');
      }, this.#deadlineMs);
      this.#waiting.push({ answer, deadline });
      this.#child.stdin.write(request);
    });
  }

  /** Lets it answer what it was asked, and end. */
  end(): void {
    this.#open = false;
    this.#child.stdin.end();
  }

  /** Ends it as it is, for this reason. */
  giveUp(fault: string): void {
    this.#fault ??= fault;
    this.#shut();
    this.#child.kill('SIGKILL');
  }

  #take(chunk: Buffer): void {
    const answers = this.#reader.push(chunk);
    for (const answer of answers ?? []) {
      const first = this.#waiting.shift();
      if (first === undefined) {
        this.giveUp('it answered what nobody asked');
        return;
      }
      clearTimeout(first.deadline);
      first.answer(answer);
    }
    if (answers === null) this.giveUp('it does not speak our protocol');
  }

  #untilEnded(): Promise<Ending> {
    let failure: Ending | null = null;
    this.#child.on('error', (error: NodeJS.ErrnoException) => {
      failure = { by: error.code ?? 'EUNKNOWN', reason: error.message };
    });
    return new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        this.#shut();
        resolve(failure ?? this.#ending(code ?? signal ?? 'EUNKNOWN'));
      });
    });
  }

  #shut(): void {
    this.#open = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { answer, deadline } of waiting) {
      clearTimeout(deadline);
      answer(null);
    }
  }

  #ending(by: number | string): Ending {
    const said = this.#complaint
      .split('\n', 1)
      .join('')
      .replace(/^watchfloor-signer: /, '');
    const ended =
      typeof by === 'number' ? `it ended with exit code ${String(by)}` : `it ended by ${by}`;
    return { by, reason: this.#fault ?? (said === '' ? ended : said) };
  }
}
