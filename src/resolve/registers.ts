import { RAX, RBP, RCX, RDI, RDX, RSI, RSP, R8, R9, type Operation } from '../elf/index.js';

/** What is known to be in a register, in terms of what the function was called with. null: nothing. */
export type Value =
  | { readonly is: 'argument'; readonly register: number; readonly as: 'whole' | 'sign_extended' }
  /** Distance from where the stack pointer was when the function was entered. */
  | { readonly is: 'stack'; readonly at: number }
  | { readonly is: 'constant'; readonly value: number }
  | null;

const REGISTERS = 16;

/** The System V calling convention of x86-64: what a function may leave changed. */
const CLOBBERED = [RAX, RCX, RDX, RSI, RDI, R8, R9, 10, 11];

/** The general registers along one path of a function. Values, never changed in place. */
export class Registers {
  readonly #values: readonly Value[];

  private constructor(values: readonly Value[]) {
    this.#values = values;
  }

  /** Each register holds what it was called with, and the stack pointer is where it was. */
  static atEntry(): Registers {
    return new Registers(
      Array.from({ length: REGISTERS }, (_, register): Value =>
        register === RSP ? { is: 'stack', at: 0 } : { is: 'argument', register, as: 'whole' },
      ),
    );
  }

  of(register: number): Value {
    return this.#values[register] ?? null;
  }

  /** Does `register` hold what `argument` was called with, whole or as the 32-bit number it is? */
  holds(register: number, argument: number): boolean {
    const value = this.of(register);
    return value?.is === 'argument' && value.register === argument;
  }

  afterCall(): Registers {
    return this.#without(CLOBBERED);
  }

  /** null: the stack pointer is lost. */
  after(operation: Operation): Registers | null {
    const next = this.#apply(operation);
    return next.of(RSP)?.is === 'stack' ? next : null;
  }

  #apply(operation: Operation): Registers {
    switch (operation.does) {
      case 'nothing':
        return this;
      case 'copy':
        return this.#with(operation.to, extended(this.of(operation.from), operation.as));
      case 'constant':
        return this.#with(operation.to, { is: 'constant', value: operation.value });
      case 'address':
        return this.#with(operation.to, moved(this.of(operation.base), operation.by));
      case 'push':
        return this.#with(RSP, moved(this.of(RSP), -8));
      case 'pop':
        return this.#with(operation.to, null).#with(RSP, moved(this.of(RSP), 8));
      case 'leave':
        return this.#with(RSP, moved(this.of(RBP), 8)).#with(RBP, null);
      case 'write':
        return this.#without(operation.registers);
    }
  }

  #with(register: number, value: Value): Registers {
    return new Registers(this.#values.with(register, value));
  }

  #without(registers: readonly number[]): Registers {
    return new Registers(
      this.#values.map((value, one) => (registers.includes(one) ? null : value)),
    );
  }
}

function moved(value: Value, by: number): Value {
  return value?.is === 'stack' ? { is: 'stack', at: value.at + by } : null;
}

function extended(value: Value, as: 'whole' | 'sign_extended' | 'zero_extended'): Value {
  if (as === 'whole' || value === null) return value;
  if (value.is === 'constant' && value.value >= 0) return value;
  return value.is === 'argument' && as === 'sign_extended'
    ? { ...value, as: 'sign_extended' }
    : null;
}
