import { processId, type ProcessId, type ProcessKey, type TlsDataEvent } from '../event/index.js';

const SESSIONS_MAX = 16_384;
/** An ended session still says that something was read. */
const REMEMBER_NS = 5_000_000_000n;

interface Session<F> {
  readonly id: string;
  readonly process: ProcessId;
  readonly key: ProcessKey;
  readonly ssl: bigint;
  flow: F | null;
  /** It stood for a flow, there being no better evidence on this machine. */
  used: boolean;
  lastNs: bigint;
  endedNs: bigint | null;
}

/** TLS sessions whose plaintext is read, and their flows as soon as these are known. */
export class ReadSessions<F extends { readonly id: string }> {
  readonly #flowOf: (key: ProcessKey, ssl: bigint) => F | null;
  readonly #tied: (flow: F) => void;
  readonly #sessions = new Map<string, Session<F>>();
  readonly #ofProcess = new Map<ProcessId, Set<Session<F>>>();
  /** Read since the last tick, and ended ones. */
  readonly #touched = new Set<Session<F>>();
  readonly #ended = new Set<Session<F>>();
  #everTied = false;
  #evicted = 0;

  constructor(flowOf: (key: ProcessKey, ssl: bigint) => F | null, tied: (flow: F) => void) {
    this.#flowOf = flowOf;
    this.#tied = tied;
  }

  read({ key, ssl, origin }: Pick<TlsDataEvent, 'key' | 'ssl' | 'origin'>): void {
    const session = this.#session(key, ssl);
    if (origin.bootNs > session.lastNs) session.lastNs = origin.bootNs;
    this.#touched.add(session);
    if (session.flow === null) this.#resolve(session);
  }

  /** Its tie is still known. */
  free(key: ProcessKey, ssl: bigint, nowNs: bigint): void {
    const session = this.#sessions.get(sessionId(processId(key), ssl));
    if (session !== undefined) this.#end(session, nowNs);
  }

  exit(key: ProcessKey, nowNs: bigint): void {
    for (const session of this.#ofProcess.get(processId(key)) ?? []) this.#end(session, nowNs);
  }

  tick(nowNs: bigint): void {
    for (const session of this.#touched) this.#resolve(session);
    this.#touched.clear();
    for (const session of this.#ended) {
      if (nowNs - (session.endedNs ?? nowNs) >= REMEMBER_NS) this.#forget(session);
    }
  }

  /** A tie may have come without plaintext. */
  resolveAll(): void {
    for (const session of this.#sessions.values()) {
      if (session.flow === null) this.#resolve(session);
    }
  }

  /**
   * Where no session was ever tied, as on kernels that do not tell which socket a call uses, one that was read since
   * stands for a flow of its process.
   */
  guess(key: ProcessKey, sinceNs: bigint): boolean {
    if (this.#everTied) return false;
    for (const session of this.#untied(processId(key), sinceNs)) {
      session.used = true;
      return true;
    }
    return false;
  }

  /** Sessions of a process that were read since and whose flow is not known. */
  untiedOf(process: ProcessId, sinceNs: bigint): number {
    return this.#untied(process, sinceNs).length;
  }

  stats(): { sessions: number; sessionsEvicted: number } {
    return { sessions: this.#sessions.size, sessionsEvicted: this.#evicted };
  }

  #untied(process: ProcessId, sinceNs: bigint): Session<F>[] {
    return [...(this.#ofProcess.get(process) ?? [])].filter(
      ({ flow, used, lastNs }) => flow === null && !used && lastNs >= sinceNs,
    );
  }

  #resolve(session: Session<F>): void {
    if (session.endedNs !== null) return;
    const flow = this.#flowOf(session.key, session.ssl);
    if (flow === null || flow.id === session.flow?.id) return;
    session.flow = flow;
    this.#everTied = true;
    this.#tied(flow);
  }

  #end(session: Session<F>, nowNs: bigint): void {
    if (session.endedNs !== null) return;
    this.#resolve(session);
    session.endedNs = nowNs;
    this.#ended.add(session);
  }

  #session(key: ProcessKey, ssl: bigint): Session<F> {
    const process = processId(key);
    const id = sessionId(process, ssl);
    const known = this.#sessions.get(id);
    // What is read later than its end came late, or is of another session at the same address.
    if (known !== undefined && known.endedNs === null) return known;
    if (known !== undefined) this.#forget(known);
    const [oldest] = this.#sessions.values();
    if (oldest !== undefined && this.#sessions.size >= SESSIONS_MAX) {
      this.#forget(oldest);
      this.#evicted += 1;
    }
    const fresh: Session<F> = {
      ...{ id, process, key, ssl, flow: null, used: false, lastNs: 0n, endedNs: null },
    };
    this.#sessions.set(id, fresh);
    this.#ofProcess.set(process, (this.#ofProcess.get(process) ?? new Set()).add(fresh));
    return fresh;
  }

  #forget(session: Session<F>): void {
    if (this.#sessions.get(session.id) === session) this.#sessions.delete(session.id);
    this.#touched.delete(session);
    this.#ended.delete(session);
    const sessions = this.#ofProcess.get(session.process);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#ofProcess.delete(session.process);
  }
}

const sessionId = (process: ProcessId, ssl: bigint): string => `${process}/${ssl}`;
