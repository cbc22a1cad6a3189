import {
  stackId,
  type AttachFact,
  type Command,
  type ProcessId,
  type ProcessKey,
  type TlsStack,
} from '../event/index.js';
import { AttachmentNumbers } from './attachment-numbers.js';
import { type Attachment, hasSameSites, type Held, newAttachment } from './attachment.js';

const STACKS_MAX = 1024;
/** Stacks that one agent may bring: more copies than any has, and no lever to fill the table for the others. */
export const OWNED_MAX = 128;
const TRIES_MAX = 8;
const KEEP_NS = 5_000_000_000n;

/** `exhausted`: the agent has used up its share. `full`: the table is. */
export type Use = { readonly commands: Command[]; readonly refused?: 'exhausted' | 'full' };

/** Wanted minus attached is a command: the one place that decides to attach and detach. */
export class Attachments {
  readonly #stacks = new Map<string, Attachment>();
  readonly #numbers = new AttachmentNumbers();
  readonly #system = new Set<string>();
  readonly #owned = new Map<ProcessId, number>();
  #refused = 0;

  /**
   * A live process maps this stack. A failed attachment is tried again: another process may reach the file. `owner`: the
   * root of that process.
   */
  use(stack: TlsStack, key: ProcessKey, user: ProcessId, owner: ProcessId): Use {
    const found = this.#find(stack, owner);
    if (typeof found === 'string') return { commands: [], refused: found };
    found.users.set(user, key);
    return { commands: this.#want(found, key) };
  }

  /** Of a system library: wanted while any agent lives, so that a process started next is read from its first byte. */
  useAsSystem(stack: TlsStack): Command[] {
    const found = this.#find(stack, null);
    if (typeof found === 'string') return [];
    this.#system.add(stackId(stack));
    return this.#want(found, null);
  }

  leave(ids: Iterable<string>, user: ProcessId): void {
    for (const id of ids) {
      this.#stacks.get(id)?.users.delete(user);
      this.#stacks.get(id)?.tampered.delete(user);
    }
  }

  get(id: string): Attachment | undefined {
    return this.#stacks.get(id);
  }

  /** Whose probes gave the plaintext that is marked so; null: not told, or not known any more. */
  through(number: number | null): Attachment | null {
    return this.#numbers.get(number);
  }

  attached(): Attachment[] {
    return [...this.#stacks.values()].filter(({ state }) => state === 'attached');
  }

  /** What became of a command. */
  settle(fact: AttachFact): { stack: Attachment | null; commands: Command[] } {
    const id = stackId(fact);
    const stack = this.#stacks.get(id);
    if (stack === undefined) return { stack: null, commands: [] };
    switch (fact.state) {
      case 'attached':
        stack.state = 'attached';
        stack.attachedNs = fact.bootNs;
        stack.error = '';
        if (fact.attachment !== undefined) this.#numbers.set(fact.attachment, stack);
        return { stack, commands: isUnwanted(stack) ? this.#detach(stack) : [] };
      case 'failed':
        stack.state = 'failed';
        stack.error = fact.error ?? 'unknown';
        return { stack, commands: [] };
      case 'detached':
        return { stack, commands: this.#detached(id, stack) };
    }
  }

  /** What its probes give is no plaintext: they stand on something else. */
  distrust(stack: Attachment, why: string): Command[] {
    stack.distrust = why;
    return stack.state === 'attached' ? this.#detach(stack) : [];
  }

  /** It is to have no probes until it is released, or looked up again when its file was rewritten. */
  hold(stack: Attachment, why: Held): Command[] {
    stack.held = why;
    return stack.state === 'attached' ? this.#detach(stack) : [];
  }

  release(stack: Attachment): Command[] {
    const [through] = stack.users.values();
    stack.held = null;
    stack.tries = 0;
    const isWanted = through !== undefined || this.#system.has(stackId(stack.stack));
    return isWanted ? this.#want(stack, through ?? null) : [];
  }

  /** Detaches what no live process could use for 5 s, forgets what failed and is not wanted. */
  tick(nowNs: bigint, agentsLive: boolean): Command[] {
    const commands: Command[] = [];
    for (const [id, stack] of this.#stacks) {
      if (stack.users.size > 0 || (agentsLive && this.#system.has(id))) {
        stack.unwantedSinceNs = null;
        continue;
      }
      stack.unwantedSinceNs ??= nowNs;
      // What was found out about a file is worth more than its place, until another needs that.
      if (stack.state === 'failed' && stack.distrust === null) this.#forget(id);
      if (stack.state !== 'attached' || nowNs - stack.unwantedSinceNs < KEEP_NS) continue;
      commands.push(...this.#detach(stack));
    }
    return commands;
  }

  /** Library of any attached stack, for plaintext whose file was never looked up. */
  anyLibrary(): string {
    for (const stack of this.#stacks.values()) {
      if (stack.state === 'attached') return stack.stack.library;
    }
    return '';
  }

  stats(): Record<'attached' | 'failed' | 'distrusted' | 'refused' | 'numbersEvicted', number> {
    const told = { refused: this.#refused, numbersEvicted: this.#numbers.evicted };
    const stats = { attached: 0, failed: 0, distrusted: 0, ...told };
    for (const stack of this.#stacks.values()) {
      if (stack.state === 'attached') stats.attached += 1;
      if (stack.distrust !== null) stats.distrusted += 1;
      else if (stack.state === 'failed') stats.failed += 1;
    }
    return stats;
  }

  #find(stack: TlsStack, owner: ProcessId | null): Attachment | 'exhausted' | 'full' {
    const id = stackId(stack);
    const known = this.#stacks.get(id);
    if (known !== undefined && known.held !== 'rewritten' && hasSameSites(known.stack, stack))
      return known;
    const refused = known === undefined ? this.#noRoomFor(owner) : null;
    if (refused !== null) {
      this.#refused += 1;
      return refused;
    }
    // Written over in place, it is another program in the same file: the old probes stand on arbitrary instructions.
    const whose = known === undefined ? owner : known.owner;
    const fresh = newAttachment(stack, whose, known?.users ?? new Map<ProcessId, ProcessKey>());
    if (known === undefined && owner !== null) {
      this.#owned.set(owner, (this.#owned.get(owner) ?? 0) + 1);
    }
    this.#stacks.set(id, fresh);
    return fresh;
  }

  #noRoomFor(owner: ProcessId | null): 'exhausted' | 'full' | null {
    if (owner !== null && (this.#owned.get(owner) ?? 0) >= OWNED_MAX) return 'exhausted';
    if (this.#stacks.size < STACKS_MAX) return null;
    for (const [id, { users, state, distrust }] of this.#stacks) {
      if (users.size > 0 || state !== 'failed' || distrust === null) continue;
      this.#forget(id);
      return null;
    }
    return 'full';
  }

  #want(stack: Attachment, through: ProcessKey | null): Command[] {
    stack.unwantedSinceNs = null;
    if (stack.state !== 'failed' || stack.tries >= TRIES_MAX || isUnwanted(stack)) return [];
    stack.state = 'attaching';
    stack.tries += 1;
    return [{ do: 'attach', stack: stack.stack, through }];
  }

  #detach(stack: Attachment): Command[] {
    const { file, library } = stack.stack;
    stack.state = 'detaching';
    return [{ do: 'detach', file, library }];
  }

  #detached(id: string, stack: Attachment): Command[] {
    const [through] = stack.users.values();
    stack.state = 'failed';
    stack.error = 'detached';
    if (through !== undefined || stack.unwantedSinceNs === null) {
      return this.#want(stack, through ?? null);
    }
    if (stack.distrust === null) this.#forget(id);
    return [];
  }

  #forget(id: string): void {
    const owner = this.#stacks.get(id)?.owner ?? null;
    this.#stacks.delete(id);
    this.#system.delete(id);
    if (owner === null) return;
    const left = (this.#owned.get(owner) ?? 1) - 1;
    if (left > 0) this.#owned.set(owner, left);
    else this.#owned.delete(owner);
  }
}

const isUnwanted = ({ distrust, held }: Attachment): boolean => distrust !== null || held !== null;
