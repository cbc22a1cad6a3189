/**
 * Tells watchfloor what this process is and what it is about to do. One file, nothing but Node (20 or newer): copy it into
 * your project. Node 22.18 and newer runs it as it is; otherwise `tsc --module nodenext --target es2023 watchfloor.ts`.
 *
 *     const watchfloor = new Watchfloor({ optional: true });
 *     await watchfloor.register('acme/payments/billing-bot');
 *     await watchfloor.declare('llm', { host: 'api.openai.com', port: 443 });
 *
 * What is said is about this process and its children; the kernel tells watchfloor which process that is. Every call is a
 * connection of its own, so that a child process never speaks with its parent's voice.
 */
import { connect } from 'node:net';

export const DEFAULT_SOCKET = '/run/watchfloor/governance.sock';

/** Everything together: wait for a turn, connect, say, hear. */
const TIMEOUT_MS = 1000;

/** Calls of one client that are under way at once; the others wait for their turn. */
const MAX_CALLS = 8;

const MAX_ANSWER_BYTES = 65_536;

/** `exec`: start a program; `connect`: open a connection; `llm`: call a model; `tool`: use a tool. */
export type Action = 'exec' | 'connect' | 'llm' | 'tool';

/** What is known of the action. What is left out is not said, and then any value fits. */
export interface Details {
  /** Host name or IP address. */
  readonly host?: string;
  readonly port?: number;
  readonly tool?: string;
  /** An id of your own, such as that of a trace. */
  readonly span?: string;
  /** From now on; 30,000 where it is not said, at most 3,600,000. */
  readonly validForMs?: number;
}

export interface Options {
  /** Default: WATCHFLOOR_GOVERNANCE_SOCKET, or /run/watchfloor/governance.sock. */
  readonly socketPath?: string;
  /** Nothing is thrown: a call that failed gives null, and `lastError` says why. */
  readonly optional?: boolean;
}

export interface Registered {
  readonly id: string;
  readonly session: string;
}

/**
 * `unavailable`: no daemon is there, or it does not answer; `refused`: it said no, or this is nothing that can be
 * said; `protocol`: what answers is not watchfloor.
 */
export type WatchfloorErrorCode = 'unavailable' | 'refused' | 'protocol';

/** The only error a call ends with. */
export class WatchfloorError extends Error {
  override readonly name = 'WatchfloorError';
  readonly code: WatchfloorErrorCode;

  constructor(code: WatchfloorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export class Watchfloor {
  /** Why the last call that failed did. */
  lastError: WatchfloorError | null = null;
  readonly #socketPath: string;
  readonly #optional: boolean;
  readonly #waiting: (() => void)[] = [];
  #calls = 0;

  constructor({ socketPath, optional = false }: Options = {}) {
    // An empty variable is one that is not set.
    const path = process.env['WATCHFLOOR_GOVERNANCE_SOCKET'];
    this.#socketPath = socketPath ?? (path === undefined || path === '' ? DEFAULT_SOCKET : path);
    this.#optional = optional;
  }

  /** This process is the agent `org/team/agent`. `name`: what it is called in lists. Rejects with a WatchfloorError. */
  async register(agent: string, name?: string): Promise<Registered | null> {
    return this.#try(async () => {
      const { id, session } = await this.#say({ type: 'register', agent, name });
      if (typeof session === 'string') return { id, session };
      throw new WatchfloorError('protocol', 'the answer has no session');
    });
  }

  /** This process, or one it started, is about to do this. Gives the declaration's id. Rejects with a WatchfloorError. */
  async declare(action: Action, details: Details = {}): Promise<string | null> {
    const { host, port, tool, span, validForMs } = details;
    const message = { type: 'declare', action, host, port, tool, span, valid_for_ms: validForMs };
    return this.#try(async () => (await this.#say(message)).id);
  }

  /** Declares, and then does it. There is no end to declare: it holds for `validForMs`. */
  async declared<T>(action: Action, details: Details, body: () => T | Promise<T>): Promise<T> {
    await this.declare(action, details);
    return body();
  }

  async #try<T>(call: () => Promise<T>): Promise<T | null> {
    try {
      return await call();
    } catch (error) {
      this.lastError = asWatchfloorError(error);
      if (this.#optional) return null;
      throw this.lastError;
    }
  }

  async #say(message: object): Promise<{ readonly id: string; readonly session: unknown }> {
    const text = write({ v: 1, ...message });
    const deadline = performance.now() + TIMEOUT_MS;
    await this.#turn();
    try {
      const line = await exchange(this.#socketPath, `${text}\n`, deadline - performance.now());
      const { ok, id, session, error } = parse(line);
      if (ok === true && typeof id === 'string') return { id, session };
      if (ok === false && typeof error === 'string') throw new WatchfloorError('refused', error);
      throw new WatchfloorError('protocol', 'what answers is not watchfloor');
    } finally {
      const next = this.#waiting.shift();
      // Whoever waits longest takes over the turn.
      if (next === undefined) this.#calls -= 1;
      else next();
    }
  }

  async #turn(): Promise<void> {
    if (this.#calls < MAX_CALLS) {
      this.#calls += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const take = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        reject(new WatchfloorError('unavailable', 'too many calls at once'));
      }, TIMEOUT_MS);
      this.#waiting.push(take);
    });
  }
}

/** One line there, one line back. */
const exchange = async (path: string, line: string, mostMs: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(path);
    const chunks: Buffer[] = [];
    let bytes = 0;
    const fail = (error: unknown): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(asWatchfloorError(error));
    };
    const timer = setTimeout(() => {
      fail(new WatchfloorError('unavailable', `no answer within ${String(TIMEOUT_MS)} ms`));
    }, mostMs);
    socket.on('error', fail);
    socket.on('close', () => {
      fail(new WatchfloorError('unavailable', 'the connection was closed without an answer'));
    });
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      const end = chunk.indexOf(10);
      if (end < 0 && bytes > MAX_ANSWER_BYTES) {
        fail(new WatchfloorError('protocol', 'the answer is too long'));
      }
      if (end < 0) return;
      clearTimeout(timer);
      const [answer = ''] = Buffer.concat(chunks).toString('utf8').split('\n', 1);
      resolve(answer);
      socket.destroy();
    });
    socket.write(line);
  });

const write = (message: object): string => {
  try {
    return JSON.stringify(message);
  } catch (cause) {
    throw new WatchfloorError('refused', 'this cannot be said in JSON', { cause });
  }
};

const parse = (line: string): Readonly<Record<string, unknown>> => {
  let body: unknown;
  try {
    body = JSON.parse(line);
  } catch (cause) {
    throw new WatchfloorError('protocol', 'what answers is not watchfloor', { cause });
  }
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
};

const asWatchfloorError = (error: unknown): WatchfloorError => {
  if (error instanceof WatchfloorError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new WatchfloorError('unavailable', `watchfloor cannot be reached: ${why}`, {
    cause: error,
  });
};
