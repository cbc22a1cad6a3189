import type { FileId, ProcessKey, StacksFact, TlsStack, UnreadableStack } from '../event/index.js';
import { stackId } from '../event/index.js';
import type { Resolution } from '../resolve/index.js';

/** By its name this must be a TLS stack, so that not finding one is worth saying. */
const LIBRARY = /\/lib(ssl|gnutls|boringssl)[^/]*\.so[^/]*$/;

/** Collects the stacks of one question, each file once. */
export class Findings {
  readonly #stacks = new Map<string, TlsStack>();
  readonly #unreadable: UnreadableStack[] = [];
  #waiting = 0;

  constructor(private readonly key: ProcessKey | null) {}

  add(file: FileId, path: string, resolution: Resolution): void {
    if (!resolution.ok) {
      this.unopened(path, resolution.reason);
      return;
    }
    if (resolution.found.length === 0) this.unopened(path, 'no TLS functions');
    for (const found of resolution.found) {
      if ('refused' in found) {
        this.#unreadable.push({ path, reason: found.refused, library: found.library });
      } else {
        const stack = { file, path, ...found };
        this.#stacks.set(stackId(stack), stack);
      }
    }
  }

  unreadable(path: string, reason: string): void {
    this.#unreadable.push({ path, reason });
  }

  /** Worth saying only of a file that is called a TLS library. */
  unopened(path: string, reason: string): void {
    if (LIBRARY.test(path)) this.unreadable(path, reason);
  }

  waits(): void {
    this.#waiting += 1;
  }

  /** True: that was the last. */
  answered(file: FileId, path: string, resolution: Resolution): boolean {
    this.#waiting -= 1;
    this.add(file, path, resolution);
    return this.#waiting === 0;
  }

  /** It could not be looked into; the process is asked about again. */
  notAsked(path: string): void {
    this.#waiting -= 1;
    this.unreadable(path, 'too many files wait to be looked into');
  }

  fact(): StacksFact {
    return {
      fact: 'stacks',
      key: this.key,
      gone: false,
      stacks: [...this.#stacks.values()],
      pending: this.#waiting > 0,
      unreadable: [...this.#unreadable],
    };
  }
}
