import { processId, type KernelEvent, type ProcessId, type ProcessKey } from '../event/index.js';

const MEMBERS_MAX = 65_536;

/** The living processes of one root. The root may have ended long before its last descendant. */
export class Lineage {
  readonly root: ProcessKey;
  readonly #live = new Map<ProcessId, ProcessKey>();
  #overflow = 0;

  constructor(root: ProcessKey) {
    this.root = root;
    this.#add(root);
  }

  /** A process whose fork was lost is found by its exec. */
  on(event: KernelEvent): void {
    switch (event.kind) {
      case 'fork':
        this.#add(event.child);
        return;
      case 'exec':
        this.#add(event.key);
        return;
      case 'exit':
        this.#live.delete(processId(event.key));
        return;
      case 'seed':
      case 'rename':
      case 'unix_open':
      case 'fd_relay':
      case 'flow_open':
      case 'flow_state':
      case 'flow_update':
      case 'wire_head':
      case 'tls_send':
      case 'tls_data':
      case 'tls_free':
    }
  }

  adopt(key: ProcessKey): void {
    this.#add(key);
  }

  /** Its end was lost, and somebody looked. */
  gone(key: ProcessKey): void {
    this.#live.delete(processId(key));
  }

  has(key: ProcessKey): boolean {
    return this.#live.has(processId(key));
  }

  get size(): number {
    return this.#live.size;
  }

  /** Members not tracked for want of room. */
  get overflow(): number {
    return this.#overflow;
  }

  members(): readonly ProcessKey[] {
    return [...this.#live.values()];
  }

  #add(key: ProcessKey): void {
    const id = processId(key);
    if (this.#live.size < MEMBERS_MAX || this.#live.has(id)) this.#live.set(id, key);
    else this.#overflow += 1;
  }
}
