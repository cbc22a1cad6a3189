import {
  decode,
  operationOf,
  R8,
  RAX,
  RCX,
  RDI,
  RDX,
  RSI,
  RSP,
  type Instruction,
} from '../elf/index.js';
import { bytesUpTo, type Code } from './code.js';
import { Registers } from './registers.js';

/** Where the function that is called is to put how many bytes it moved: into a variable of ours, or where our caller said. */
export type CountGoes = 'to_own' | 'to_caller';

/** The call of a function that hands on (session, buffer, length). */
export interface PassThrough {
  readonly inner: number;
  /** Zero stands between the length and the place for the count. */
  readonly hasFlags: boolean;
}

/** Steps in all, and visits of one instruction: a small function needs some hundred of the first and few of the second. */
const STEPS_MAX = 4096;
const VISITS_MAX = 16;

const CANDIDATES_MAX = 4;

interface Path {
  readonly at: number;
  readonly registers: Registers;
  /** The inner function has been called. */
  readonly hasPassed: boolean;
}

/**
 * The one function to which the function at `address` hands (session, buffer, length) untouched, with a place for the count, when that is proven for all
 * its ways: each ends with that call behind it, or gives a constant that is not above 0, which is a failure. Followed
 * instruction by instruction; whatever is not understood ends it with null. x86-64 only.
 */
export function passThrough(code: Code, address: number, count: CountGoes): PassThrough | null {
  const range = code.functionAt(address);
  if (code.machine !== 'x86-64' || range?.start !== address) return null;
  const walk = (only: number | null) => new Walk(code, range.end, count, only).from(address);
  // What raises an error may be called with everything still in place: of several, one must be on all ways.
  const passed = walk(null) ?? [];
  const proven = passed.length > CANDIDATES_MAX ? [] : passed.filter(({ inner }) => walk(inner));
  const [first, ...others] = proven;
  return first === undefined || others.length > 0 ? null : first;
}

/** null: something else is called. */
function passes(target: number | null, at: Registers, count: CountGoes): PassThrough | null {
  if (target === null || ![RDI, RSI, RDX].every((one) => at.holds(one, one))) return null;
  const isPlace = (one: number) =>
    count === 'to_caller' ? at.holds(one, RCX) : at.of(one)?.is === 'stack';
  if (isPlace(RCX)) return { inner: target, hasFlags: false };
  const flags = at.of(RCX);
  const hasNone = flags?.is === 'constant' && flags.value === 0;
  return hasNone && isPlace(R8) ? { inner: target, hasFlags: true } : null;
}

class Walk {
  readonly #visits = new Map<number, number>();
  readonly #open: Path[] = [];
  readonly #found = new Map<number, PassThrough>();
  #isRefused = false;

  constructor(
    private readonly code: Code,
    private readonly end: number,
    private readonly count: CountGoes,
    /** A way counts as passed with a call of this one; null: of any. */
    private readonly only: number | null,
  ) {}

  /** null: refused. */
  from(address: number): readonly PassThrough[] | null {
    this.#open.push({ at: address, registers: Registers.atEntry(), hasPassed: false });
    for (let steps = 0; steps < STEPS_MAX; steps += 1) {
      const path = this.#open.pop();
      if (path === undefined) return [...this.#found.values()];
      this.#step(path);
      if (this.#isRefused) return null;
    }
    return null;
  }

  #step(path: Path): void {
    const visits = (this.#visits.get(path.at) ?? 0) + 1;
    this.#visits.set(path.at, visits);
    const bytes = bytesUpTo(this.code, path.at);
    const one = bytes && decode(bytes, 0, path.at);
    if (one === null || visits > VISITS_MAX) this.#isRefused = true;
    else this.#follow(one, path);
  }

  #follow(one: Instruction, path: Path): void {
    const next = { ...path, at: path.at + one.length };
    switch (one.kind) {
      case 'jcc':
        this.#go(one.target, path);
        this.#open.push(next);
        return;
      case 'jmp':
        this.#jump(one, path);
        return;
      case 'call':
        this.#call(one, next);
        return;
      case 'ret':
        this.#isRefused ||= !path.hasPassed && !isFailure(path.registers);
        return;
      case 'push':
      case 'nop':
      case 'endbr64':
      case 'leave':
      case 'other':
        this.#advance(one, next);
    }
  }

  #advance(one: Instruction, next: Path): void {
    const operation = operationOf(one);
    const registers = operation && next.registers.after(operation);
    if (registers === null) this.#isRefused = true;
    else this.#open.push({ ...next, registers });
  }

  /** Also to the cold part of the function, which may lie elsewhere. */
  #go(target: number | null, path: Path): void {
    if (target === null || !this.code.isCode(target)) this.#isRefused = true;
    else this.#open.push({ ...path, at: target });
  }

  /** With the stack pointer where it was at entry, out of the function: it goes on as another, whose result we do not know. */
  #jump(one: Instruction, path: Path): void {
    const sp = path.registers.of(RSP);
    const isUnwound = sp?.is === 'stack' && sp.at === 0;
    if (one.target === null || isUnwound) this.#isRefused ||= !path.hasPassed;
    else this.#go(one.target, path);
  }

  #call(one: Instruction, next: Path): void {
    const { registers } = next;
    const passed = passes(one.target, registers, this.count);
    if (passed !== null) this.#found.set(passed.inner, passed);
    // After a call at its very end a function has nothing: __stack_chk_fail does not return.
    if (next.at === this.end) return;
    const isIt = passed !== null && (this.only === null || passed.inner === this.only);
    const hasPassed = next.hasPassed || isIt;
    this.#open.push({ at: next.at, registers: registers.afterCall(), hasPassed });
  }
}

function isFailure(registers: Registers): boolean {
  const result = registers.of(RAX);
  return result?.is === 'constant' && result.value <= 0;
}
