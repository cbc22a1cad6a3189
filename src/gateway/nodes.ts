import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { escapeToken, unescapeToken } from '../subject/index.js';
import type { Mirror } from '../journal/index.js';
import { Node } from './node.js';
import type { BookRules } from './node-book.js';
import { isOfShard } from './incoming.js';
import type { Shard, Who } from './incoming.js';
import { ReorderBudget } from './reorder-buffer.js';

export interface NodesOptions {
  /** `<gateway state>/nodes`. */
  readonly directory: string;
  readonly rules: BookRules;
  readonly shard: Shard;
  /** More nodes are refused. */
  readonly maxNodes: number;
  /** Copies whose files may be open at once. */
  readonly maxOpen: number;
  /** What all nodes together may keep waiting for missing records. */
  readonly maxWaitingBytes: number;
  readonly openMirror: (directory: string) => Mirror;
}

export const keyOf = ({ tenant, node }: Who): string => `${tenant}/${node}`;

/** Every node there is: those whose books are open, and those known from the disk. */
export class Nodes {
  readonly counts = { refused: 0 };
  private readonly known = new Map<string, Who>();
  /** In the order of use, the oldest first. */
  private readonly open = new Map<string, Node>();
  private readonly budget: ReorderBudget;

  constructor(private readonly options: NodesOptions) {
    this.budget = new ReorderBudget(options.maxWaitingBytes);
    for (const who of readNodes(options.directory)) {
      if (isOfShard(who, options.shard)) this.known.set(keyOf(who), who);
    }
  }

  get size(): number {
    return this.known.size;
  }

  whoIs(key: string): Who | null {
    return this.known.get(key) ?? null;
  }

  /** As far as its last records were seen since we run. */
  isStopped(key: string): boolean {
    return this.open.get(key)?.book.stopped === true;
  }

  knownKeys(): Iterable<string> {
    return this.known.keys();
  }

  openNodes(): Iterable<Node> {
    return this.open.values();
  }

  /** full: there are too many. Throws what the file system refuses. */
  async get(who: Who): Promise<{ readonly node: Node; readonly isNew: boolean } | 'full'> {
    const key = keyOf(who);
    const found = this.open.get(key);
    if (found !== undefined) {
      this.open.delete(key);
      this.open.set(key, found);
      return { node: found, isNew: false };
    }
    const isNew = !this.known.has(key);
    if (isNew && this.known.size >= this.options.maxNodes) {
      this.counts.refused += 1;
      return 'full';
    }
    await this.makeRoom();
    const { directory, openMirror, rules } = this.options;
    const path = join(directory, escapeToken(who.tenant), escapeToken(who.node));
    const node = Node.open(who, path, openMirror, rules, this.budget);
    this.known.set(key, who);
    this.open.set(key, node);
    return { node, isNew };
  }

  async close(): Promise<void> {
    for (const node of this.open.values()) await node.close();
    this.open.clear();
  }

  /** Closes the copy that was longest not used, of those that can go: nothing waits in it. */
  private async makeRoom(): Promise<void> {
    if (this.open.size < this.options.maxOpen) return;
    for (const [key, node] of this.open) {
      if (node.dirty || node.book.waiting > 0 || node.book.trust.agreed !== null) continue;
      this.open.delete(key);
      await node.close();
      return;
    }
  }
}

/** Names that we did not write are none of our nodes. */
function readNodes(directory: string): Who[] {
  return names(directory).flatMap((tenantToken) =>
    names(join(directory, tenantToken)).flatMap((nodeToken) => {
      const tenant = unescapeToken(tenantToken);
      const node = unescapeToken(nodeToken);
      return tenant === null || node === null ? [] : [{ tenant, node }];
    }),
  );
}

function names(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
