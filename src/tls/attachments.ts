import {
  fileIdText,
  type AttachFact,
  type Command,
  type ProcessId,
  type ProcessKey,
  type TlsStack,
} from '../event/index.js';

const FILES_MAX = 1024;
const TRIES_MAX = 8;
const KEEP_NS = 5_000_000_000n;

/** One file that holds, or should hold, our probes. */
export interface Attachment {
  readonly stack: TlsStack;
  state: 'attaching' | 'attached' | 'detaching' | 'failed';
  error: string;
  tries: number;
  attachedNs: bigint;
  readonly users: Map<ProcessId, ProcessKey>;
  unwantedSinceNs: bigint | null;
}

/** Wanted minus attached is a command: the one place that decides to attach and detach. */
export class Attachments {
  readonly #files = new Map<string, Attachment>();
  readonly #system = new Set<string>();
  #refused = 0;

  /** A live process maps this file. A failed attachment is tried again: another process may reach the file. */
  use(stack: TlsStack, key: ProcessKey, user: ProcessId): Command[] {
    const file = this.#find(stack);
    if (file === null) return [];
    file.users.set(user, key);
    return this.#want(file, key);
  }

  /** A system library: wanted while any agent lives, so that a process started next is read from its first byte. */
  useAsSystem(stack: TlsStack): Command[] {
    const file = this.#find(stack);
    if (file === null) return [];
    this.#system.add(fileIdText(stack.file));
    return this.#want(file, null);
  }

  leave(files: Iterable<string>, user: ProcessId): void {
    for (const id of files) this.#files.get(id)?.users.delete(user);
  }

  get(id: string): Attachment | undefined {
    return this.#files.get(id);
  }

  /** What became of a command. */
  settle(fact: AttachFact): { file: Attachment | null; commands: Command[] } {
    const id = fileIdText(fact.file);
    const file = this.#files.get(id);
    if (file === undefined) return { file: null, commands: [] };
    switch (fact.state) {
      case 'attached':
        file.state = 'attached';
        file.attachedNs = fact.bootNs;
        file.error = '';
        return { file, commands: [] };
      case 'failed':
        file.state = 'failed';
        file.error = fact.error ?? 'unknown';
        return { file, commands: [] };
      case 'detached':
        return { file, commands: this.#detached(id, file) };
    }
  }

  /** Detaches what no live process could use for 5 s, forgets what failed and is not wanted. */
  tick(nowNs: bigint, agentsLive: boolean): Command[] {
    const commands: Command[] = [];
    for (const [id, file] of this.#files) {
      if (file.users.size > 0 || (agentsLive && this.#system.has(id))) {
        file.unwantedSinceNs = null;
        continue;
      }
      file.unwantedSinceNs ??= nowNs;
      if (file.state === 'failed') this.#forget(id);
      if (file.state !== 'attached' || nowNs - file.unwantedSinceNs < KEEP_NS) continue;
      file.state = 'detaching';
      commands.push({ do: 'detach', file: file.stack.file });
    }
    return commands;
  }

  /** Library of any attached file, for plaintext whose file was never looked up. */
  anyLibrary(): string {
    for (const file of this.#files.values()) {
      if (file.state === 'attached') return file.stack.library;
    }
    return '';
  }

  stats(): { attached: number; failed: number; refused: number } {
    let attached = 0;
    let failed = 0;
    for (const file of this.#files.values()) {
      if (file.state === 'attached') attached += 1;
      if (file.state === 'failed') failed += 1;
    }
    return { attached, failed, refused: this.#refused };
  }

  #find(stack: TlsStack): Attachment | null {
    const id = fileIdText(stack.file);
    const known = this.#files.get(id);
    if (known !== undefined && haveSameSites(known.stack, stack)) return known;
    if (known === undefined && this.#files.size >= FILES_MAX) {
      this.#refused += 1;
      return null;
    }
    // Written over in place, it is another program in the same file: the old probes stand on arbitrary instructions.
    const fresh: Attachment = {
      stack,
      state: 'failed',
      error: '',
      tries: 0,
      attachedNs: 0n,
      users: known?.users ?? new Map<ProcessId, ProcessKey>(),
      unwantedSinceNs: null,
    };
    this.#files.set(id, fresh);
    return fresh;
  }

  #want(file: Attachment, through: ProcessKey | null): Command[] {
    file.unwantedSinceNs = null;
    if (file.state !== 'failed' || file.tries >= TRIES_MAX) return [];
    file.state = 'attaching';
    file.tries += 1;
    return [{ do: 'attach', stack: file.stack, through }];
  }

  #detached(id: string, file: Attachment): Command[] {
    const [through] = file.users.values();
    const wantedAgain = through !== undefined || file.unwantedSinceNs === null;
    if (!wantedAgain) {
      this.#forget(id);
      return [];
    }
    file.state = 'failed';
    file.error = 'detached';
    return this.#want(file, through ?? null);
  }

  #forget(id: string): void {
    this.#files.delete(id);
    this.#system.delete(id);
  }
}

function haveSameSites(a: TlsStack, b: TlsStack): boolean {
  const names = Object.keys({ ...a.sites, ...b.sites }) as (keyof typeof a.sites)[];
  return names.every((name) => a.sites[name] === b.sites[name]);
}
