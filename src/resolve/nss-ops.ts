import type { Image } from '../elf/index.js';

/**
 * sslSocketOps of NSS's lib/ssl/sslimpl.h, by the index of each function. There are two: for a socket that speaks TLS, and for
 * one that does not yet, which hands everything on as it is.
 */
export interface SocketOps {
  readonly close: number;
  readonly recv: number;
  readonly send: number;
  readonly read: number;
  readonly write: number;
  /** Of what both kinds of socket do in one way: bind, listen, getpeername, getsockname. */
  readonly shared: readonly number[];
  /** Of what each does in its own way. */
  readonly own: readonly number[];
}

/** Of more in one file, none is told from another. */
const FOUND_MAX = 16;

const POINTER = 8;
const COUNT = 12;
/** Nobody accepts by this table. */
const ACCEPT = 1;
const [CLOSE, RECV, SEND, READ, WRITE] = [5, 6, 7, 8, 9] as const;
const SHARED = [2, 3, 10, 11];
const OWN = [0, 4, CLOSE, RECV, SEND, READ, WRITE];

/**
 * Every place in data that could be one: twelve pointers to code that the loader sets, but for the second, which is nothing.
 * null: more of them than NSS has.
 */
export function socketOps(
  image: Image,
  pointers: ReadonlyMap<number, number>,
): readonly SocketOps[] | null {
  const found: SocketOps[] = [];
  for (const at of pointers.keys()) {
    const functions = functionsAt(image, pointers, at);
    if (functions === null) continue;
    if (found.length === FOUND_MAX) return null;
    found.push(named(functions));
  }
  return found;
}

function functionsAt(
  image: Image,
  pointers: ReadonlyMap<number, number>,
  at: number,
): number[] | null {
  const functions: number[] = [];
  for (let index = 0; index < COUNT; index += 1) {
    const target = pointers.get(at + index * POINTER);
    const isThere = target !== undefined && image.isCode(target);
    if (index === ACCEPT ? target !== undefined : !isThere) return null;
    functions.push(target ?? 0);
  }
  const accept = image.bytes(at + ACCEPT * POINTER, POINTER);
  return accept?.every((byte) => byte === 0) === true ? functions : null;
}

function named(functions: readonly number[]): SocketOps {
  const of = (index: number): number => functions[index] ?? 0;
  return {
    ...{ close: of(CLOSE), recv: of(RECV), send: of(SEND), read: of(READ), write: of(WRITE) },
    shared: SHARED.map(of),
    own: OWN.map(of),
  };
}

/** Are these the two kinds? */
export const isPair = (one: SocketOps, other: SocketOps): boolean =>
  one.shared.every((target, index) => target === other.shared[index]) &&
  one.own.every((target, index) => target !== other.own[index]);
