import path from 'node:path';
import type { Files } from '../../../src/journal/index.js';
import { fail } from './journal-kit.js';

/** A file, or a directory. Its bytes are what a reader sees now; `durable` is what a crash leaves for sure. */
interface Node {
  readonly directory: boolean;
  bytes: Buffer;
  durable: Buffer;
}

type Names = Map<string, Node>;

/** A change of names that no sync made durable yet. */
interface Change {
  readonly touches: ReadonlySet<string>;
  apply(names: Names): void;
}

const SECTOR = 512;

/**
 * A disk that keeps only what was synced: of bytes and names that were not, a crash keeps any part, in any order. Names in
 * a directory are durable after a sync of the directory, bytes after one of the file. A rename is one change.
 */
export class ModelDisk {
  private names: Names;
  private durable: Names = new Map();
  private changes: Change[] = [];
  private readonly open = new Map<number, Node>();
  private nextFd = 3;
  /** Operations until it goes dark. */
  private left = Number.POSITIVE_INFINITY;

  /** With one directory, `/state`. */
  constructor(private readonly random: (below: number) => number) {
    const bytes = Buffer.alloc(0);
    this.durable.set('/state', { directory: true, bytes, durable: bytes });
    this.names = new Map(this.durable);
  }

  /** The same disk, as it is durable, for another history. */
  copy(random: (below: number) => number): ModelDisk {
    const disk = new ModelDisk(random);
    disk.durable = new Map([...this.durable].map(([name, node]) => [name, { ...node }]));
    disk.names = new Map(disk.durable);
    return disk;
  }

  /** Names and bytes of the files below a directory, as a reader sees them. */
  below(directory: string): [name: string, bytes: Buffer][] {
    return [...this.names].flatMap(([name, node]) =>
      name.startsWith(`${directory}/`) && !node.directory ? [[name, node.bytes]] : [],
    );
  }

  failAfter(operations: number): void {
    this.left = operations;
  }

  get dark(): boolean {
    return this.left < 0;
  }

  /** What is there when the power comes back. */
  crash(): void {
    this.left = Number.POSITIVE_INFINITY;
    for (const change of this.changes) if (this.random(2) === 0) change.apply(this.durable);
    this.changes = [];
    this.open.clear();
    for (const node of new Set(this.durable.values())) {
      node.bytes = node.durable = this.survivor(node);
    }
    for (const name of [...this.durable.keys()].sort()) {
      const parent = path.dirname(name);
      if (parent !== '/' && !this.durable.has(parent)) this.durable.delete(name);
    }
    this.names = new Map(this.durable);
  }

  readonly files: Files = {
    makeDirectory: (name) => {
      this.tick();
      this.makeDirectory(name);
    },
    list: (directory) => {
      this.tick();
      this.find(directory);
      return [...this.names.keys()]
        .filter((name) => path.dirname(name) === directory)
        .map((name) => path.basename(name));
    },
    stat: (name) => {
      this.tick();
      const node = this.find(name);
      return { bytes: node.bytes.length, modifiedMs: 0, regular: !node.directory };
    },
    free: () => 1 << 20,
    openToRead: (name) => this.opened(this.find(name)),
    read: (fd, target, position) => {
      this.tick();
      return this.node(fd).bytes.copy(target, 0, position);
    },
    create: (name) => {
      this.tick();
      if (this.names.has(name)) throw fail('EEXIST');
      return this.opened(this.make(name));
    },
    openToWrite: (name) => this.opened(this.find(name)),
    write: async (fd, bytes, position) => {
      this.tick();
      const node = this.node(fd);
      const length = Math.max(node.bytes.length, position + bytes.length);
      const next = Buffer.concat([node.bytes], length);
      next.set(bytes, position);
      node.bytes = next;
      return bytes.length;
    },
    syncData: async (fd) => {
      this.tick();
      this.syncBytes(this.node(fd));
    },
    truncate: async (fd, length) => {
      this.tick();
      const node = this.node(fd);
      node.bytes = node.bytes.subarray(0, length);
    },
    close: (fd) => {
      this.open.delete(fd);
    },
    syncNow: (name) => {
      this.sync(name);
    },
    syncSoon: async (name) => {
      this.sync(name);
    },
    replaceSoon: async (name, bytes) => {
      this.files.writeWhole(`${name}.new`, bytes);
      this.files.rename(`${name}.new`, name);
    },
    writeWhole: (name, bytes) => {
      this.tick();
      const node = this.names.get(name) ?? this.make(name);
      node.bytes = Buffer.from(bytes);
      this.tick();
      this.syncBytes(node);
    },
    cut: (name, length) => {
      this.tick();
      const node = this.find(name);
      node.bytes = node.bytes.subarray(0, length);
      this.tick();
      this.syncBytes(node);
    },
    link: (from, to) => {
      this.tick();
      if (this.names.has(to)) throw fail('EEXIST');
      const node = this.find(from);
      this.change([to], (names) => names.set(to, node));
    },
    rename: (from, to) => {
      this.tick();
      const node = this.find(from);
      this.change([from, to], (names) => {
        if (names.get(from) === node) names.delete(from);
        names.set(to, node);
      });
    },
    remove: (name) => {
      this.tick();
      const node = this.find(name);
      this.change([name], (names) => {
        if (names.get(name) === node) names.delete(name);
      });
    },
  };

  private makeDirectory(name: string): void {
    const parent = path.dirname(name);
    if (!this.names.has(parent)) this.makeDirectory(parent);
    if (!this.names.has(name)) this.make(name, true);
  }

  private make(name: string, directory = false): Node {
    this.find(path.dirname(name));
    const node = { directory, bytes: Buffer.alloc(0), durable: Buffer.alloc(0) };
    this.change([name], (names) => names.set(name, node));
    return node;
  }

  private change(names: readonly string[], apply: (names: Names) => void): void {
    apply(this.names);
    this.changes.push({ touches: new Set(names.map((name) => path.dirname(name))), apply });
  }

  private sync(name: string): void {
    this.tick();
    const node = this.find(name);
    if (!node.directory) {
      this.syncBytes(node);
      return;
    }
    for (const change of this.changes) if (change.touches.has(name)) change.apply(this.durable);
    this.changes = this.changes.filter((change) => !change.touches.has(name));
  }

  private syncBytes(node: Node): void {
    node.durable = node.bytes;
  }

  private find(name: string): Node {
    const node = this.names.get(name);
    if (node === undefined) throw fail('ENOENT');
    return node;
  }

  private opened(node: Node): number {
    this.tick();
    this.nextFd += 1;
    this.open.set(this.nextFd, node);
    return this.nextFd;
  }

  private node(fd: number): Node {
    const node = this.open.get(fd);
    if (node === undefined) throw fail('EBADF');
    return node;
  }

  private tick(): void {
    this.left -= 1;
    if (this.left < 0) throw fail('EIO');
  }

  /** Any length between what is durable and what was written, and of each sector the old or the new. */
  private survivor({ bytes, durable }: Node): Buffer {
    if (bytes === durable) return durable;
    const [less, more] = [bytes.length, durable.length].sort((a, b) => a - b);
    const length = (less ?? 0) + this.random((more ?? 0) - (less ?? 0) + 1);
    const survivor = Buffer.alloc(length);
    for (let at = 0; at < length; at += SECTOR) {
      const from = this.random(3) === 0 ? durable : bytes;
      survivor.set(from.subarray(at, Math.min(at + SECTOR, length)), at);
    }
    return survivor;
  }
}
