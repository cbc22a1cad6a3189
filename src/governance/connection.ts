import type { Socket } from 'node:net';
import { LineSplitter } from './lines.js';
import { Rate } from './limits.js';
import type { Limits } from './limits.js';
import { MAX_MESSAGE_BYTES, parseMessage } from './protocol.js';
import type { Message } from './protocol.js';

/** An answer, as it is written. */
export type Answer =
  | { readonly ok: true; readonly id: string; readonly session?: string }
  | { readonly ok: false; readonly error: string };

/** What became of messages. */
export interface Counts {
  /** Understood, and passed on. */
  messages: number;
  /** Not understood. */
  invalid: number;
  /** Over a rate. */
  limited: number;
  /** The daemon had no answer, or not in time. */
  unanswered: number;
  /** Connections that were cut off because nothing was said, or no answer was taken. */
  idle: number;
}

export interface ConnectionParts {
  readonly limits: Limits;
  readonly counts: Counts;
  readonly nowMs: () => number;
  /** Whether the user of this connection may say one more thing. */
  readonly mayUserSpeak: () => boolean;
  readonly answer: (message: Message) => Answer | Promise<Answer>;
}

/** One conversation: a message is answered, and the answer taken, before the next one is read. */
export class Connection {
  readonly #lines = new LineSplitter(MAX_MESSAGE_BYTES);
  readonly #rate: Rate;
  /** From one message to the next; a byte now and then does not count. */
  readonly #idle: NodeJS.Timeout;
  #state: 'reading' | 'working' | 'over' = 'reading';
  #isEnded = false;

  constructor(
    private readonly socket: Socket,
    private readonly parts: ConnectionParts,
  ) {
    const { limits, counts, nowMs } = parts;
    this.#rate = new Rate(limits.messagesPerSecond, nowMs());
    this.#idle = setTimeout(() => {
      counts.idle += 1;
      socket.destroy();
    }, limits.idleMs);
    socket.on('close', () => {
      clearTimeout(this.#idle);
    });
    socket.on('data', (chunk: Buffer) => {
      if (this.#state !== 'reading') return;
      socket.pause();
      this.#lines.push(chunk);
      void this.#work();
    });
    // Whoever has said everything may still wait for answers.
    socket.on('end', () => {
      this.#isEnded = true;
      if (this.#state === 'reading') this.#end();
    });
  }

  async #work(): Promise<void> {
    this.#state = 'working';
    for (let line = this.#lines.next(); line !== null; line = this.#lines.next()) {
      if (line === 'too long') {
        this.#dismiss(`a message has at most ${MAX_MESSAGE_BYTES} bytes`);
        return;
      }
      await this.#one(line);
      if (this.socket.destroyed) return;
      this.#idle.refresh();
    }
    this.#state = 'reading';
    this.socket.resume();
    if (this.#isEnded) this.#end();
  }

  async #one(line: Buffer): Promise<void> {
    const { limits, counts, nowMs, mayUserSpeak } = this.parts;
    const isFree = this.#rate.take(nowMs());
    if (isFree && mayUserSpeak()) {
      await this.#write(await this.#answer(line));
      return;
    }
    counts.limited += 1;
    const most = isFree
      ? `${limits.messagesPerSecondPerUid} messages a second of one user`
      : `${limits.messagesPerSecond} messages a second`;
    await this.#write(refuse(`more than ${most}: say it again later`));
    await this.#closedOr((done) => {
      const rest = setTimeout(done, limits.restMs);
      return () => {
        clearTimeout(rest);
      };
    });
  }

  async #answer(line: Buffer): Promise<Answer> {
    const { counts, limits, answer } = this.parts;
    const parsed = parseMessage(line);
    if (!parsed.ok) {
      counts.invalid += 1;
      return parsed;
    }
    counts.messages += 1;
    try {
      return await inTime(answer(parsed.message), limits.answerMs);
    } catch {
      // Whoever should have answered says why, to the log and not to a client.
      counts.unanswered += 1;
      return refuse('watchfloor could not answer: see its log');
    }
  }

  async #write(answer: Answer): Promise<void> {
    const { socket } = this;
    if (socket.destroyed || socket.write(text(answer))) return;
    await this.#closedOr((done) => {
      socket.on('drain', done);
      return () => socket.removeListener('drain', done);
    });
  }

  /** Until it is done, or the connection gone. `begin` gives what undoes it. */
  async #closedOr(begin: (done: () => void) => () => unknown): Promise<void> {
    const { socket } = this;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        undo();
        socket.removeListener('close', done);
        resolve();
      };
      const undo = begin(done);
      socket.on('close', done);
    });
  }

  #end(): void {
    if (this.#lines.isWithinLine) this.#dismiss('a message ends with a newline');
    else this.socket.end();
  }

  #dismiss(why: string): void {
    this.#state = 'over';
    this.parts.counts.invalid += 1;
    sayGoodbye(this.socket, why, this.parts.limits);
  }
}

/** The last word to a client. What it still says is not heard, and if it does not go, it is cut off. */
export const sayGoodbye = (socket: Socket, error: string, { goodbyeMs }: Limits): void => {
  socket.resume();
  socket.end(text(refuse(error)));
  const cut = setTimeout(() => socket.destroy(), goodbyeMs);
  socket.on('close', () => {
    clearTimeout(cut);
  });
};

const refuse = (error: string): Answer => ({ ok: false, error });

const text = (answer: Answer): string => `${JSON.stringify(answer)}\n`;

const inTime = async (answer: Answer | Promise<Answer>, mostMs: number): Promise<Answer> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error('late'));
    }, mostMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
};
