import { processId, type ProcessId, type ProcessKey, type TlsDataEvent } from '../event/index.js';

const HALVES_MAX = 65_536;
const HELD_MAX_BYTES = 4 * 1024 * 1024;
/** A write is tied to its socket by the send that follows it. */
const TIE_NS = 2_000_000_000n;

/** One direction of a session, under one key. */
interface Half {
  readonly id: string;
  readonly process: ProcessId;
  readonly ssl: bigint;
  /** What both directions are called; null: not known yet. */
  name: bigint | null;
  /** The socket for which it gave the name. */
  cookie: bigint | null;
  held: TlsDataEvent[];
}

interface Process {
  readonly halves: Set<Half>;
  /** By socket: what its session is called. Each is the name of a half that is kept. */
  readonly names: Map<bigint, bigint>;
}

type CookieOf = (key: ProcessKey, ssl: bigint) => bigint | null;

/**
 * Where records are read at the cipher, each direction of a session has a name of its own, and so has each key. Those
 * that use one socket are one session: they get the name of the first of them. Until its socket is known what one
 * direction moved is held, as copies.
 */
export class OneWaySessions {
  readonly #cookieOf: CookieOf;
  readonly #halves = new Map<string, Half>();
  readonly #waiting = new Set<Half>();
  readonly #processes = new Map<ProcessId, Process>();
  readonly #stats = { heldBytes: 0, untied: 0, overflows: 0, evicted: 0 };

  constructor(cookieOf: CookieOf) {
    this.#cookieOf = cookieOf;
  }

  /** Events as they can be told now; of other layers as they are. */
  on(event: TlsDataEvent): TlsDataEvent[] {
    if (event.layer === 'stream') return [event];
    const given: TlsDataEvent[] = [];
    const half = this.#half(event, given);
    if (half.name === null) given.push(...this.tied(event.key, event.ssl));
    if (half.name !== null) return [...given, { ...event, ssl: half.name }];
    half.held.push({ ...event, bytes: new Uint8Array(event.bytes) });
    this.#waiting.add(half);
    this.#stats.heldBytes += event.bytes.length;
    if (this.#stats.heldBytes <= HELD_MAX_BYTES) return given;
    this.#stats.overflows += 1;
    return [...given, ...this.#release(half, half.ssl)];
  }

  /** The socket of a direction may have become known. */
  tied(key: ProcessKey, ssl: bigint): TlsDataEvent[] {
    const half = this.#halves.get(halfId(processId(key), ssl));
    const cookie = half?.name === null ? this.#cookieOf(key, ssl) : null;
    if (half === undefined || cookie === null) return [];
    const names = this.#processes.get(half.process)?.names;
    const name = names?.get(cookie);
    if (name !== undefined) return this.#release(half, name);
    names?.set(cookie, ssl);
    half.cookie = cookie;
    return this.#release(half, ssl);
  }

  /** What waited too long is told alone: it will not be joined with its other direction. */
  tick(bootNs: bigint): TlsDataEvent[] {
    return [...this.#waiting].flatMap((half) => {
      const [first] = half.held;
      if (first !== undefined && bootNs - first.origin.bootNs < TIE_NS) return [];
      this.#stats.untied += 1;
      return this.#release(half, half.ssl);
    });
  }

  /** A process ended, or runs another program. */
  exit(key: ProcessKey): TlsDataEvent[] {
    const halves = this.#processes.get(processId(key))?.halves ?? [];
    return [...halves].flatMap((half) => this.#remove(half));
  }

  stats(): {
    halves: number;
    heldBytes: number;
    untied: number;
    overflows: number;
    evicted: number;
  } {
    return { halves: this.#halves.size, ...this.#stats };
  }

  #half({ key, ssl }: TlsDataEvent, given: TlsDataEvent[]): Half {
    const process = processId(key);
    const id = halfId(process, ssl);
    const known = this.#halves.get(id);
    if (known !== undefined) {
      // Insertion order is order of use: the first of the map is the one to evict.
      this.#halves.delete(id);
      this.#halves.set(id, known);
      return known;
    }
    const [oldest] = this.#halves.values();
    if (oldest !== undefined && this.#halves.size >= HALVES_MAX) {
      this.#stats.evicted += 1;
      given.push(...this.#remove(oldest));
    }
    const fresh: Half = { id, process, ssl, name: null, cookie: null, held: [] };
    this.#halves.set(id, fresh);
    const all = this.#processes.get(process) ?? { halves: new Set(), names: new Map() };
    this.#processes.set(process, all);
    all.halves.add(fresh);
    return fresh;
  }

  #remove(half: Half): TlsDataEvent[] {
    this.#halves.delete(half.id);
    const all = this.#processes.get(half.process);
    all?.halves.delete(half);
    if (half.cookie !== null) all?.names.delete(half.cookie);
    if (all?.halves.size === 0) this.#processes.delete(half.process);
    return this.#release(half, half.ssl);
  }

  #release(half: Half, name: bigint): TlsDataEvent[] {
    half.name ??= name;
    const { held } = half;
    half.held = [];
    this.#waiting.delete(half);
    for (const { bytes } of held) this.#stats.heldBytes -= bytes.length;
    return held.map((event) => ({ ...event, ssl: half.name ?? event.ssl }));
  }
}

const halfId = (process: ProcessId, ssl: bigint): string => `${process}/${ssl}`;
