import { createHash, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { MirrorPort } from '../../../src/gateway/node-book.js';
import type { Incoming } from '../../../src/gateway/incoming.js';
import { encodeRecord, RecordClass } from '../../../src/record/index.js';
import type { RecordBody } from '../../../src/record/index.js';
import {
  CompactRange,
  consistencyProof,
  formatCheckpoint,
  formatVkey,
  leafHash,
  publicKeyOf,
  signNote,
} from '../../../src/tlog/index.js';
import type { NodeReader, TreeState } from '../../../src/tlog/index.js';
import { decodeRecord } from '../../../src/record/index.js';

export const TENANT = 'default';
export const NODE = 'web-1';

export interface FakeNodeOptions {
  readonly key?: KeyObject;
  readonly epoch?: number;
  readonly name?: string;
  readonly from?: FakeNode | null;
  /** With `from`: as many of its records. */
  readonly size?: number;
}

/** A node that journals in memory: records, a tree over them, and checkpoints signed by its key. */
export class FakeNode {
  readonly records: Incoming[] = [];
  readonly vkey: string;
  private tree: CompactRange;
  private readonly nodes: Map<string, Buffer>;
  private signed: TreeState | null = null;

  readonly key: KeyObject;
  readonly name: string;
  epoch: number;
  private readonly origin: string;

  constructor({ key, epoch = 1, name = NODE, from = null, size = 0 }: FakeNodeOptions = {}) {
    this.key = key ?? generateKeyPairSync('ed25519').privateKey;
    this.epoch = epoch;
    this.name = name;
    this.origin = `watchfloor.v1/${TENANT}/${name}`;
    this.vkey = formatVkey(this.origin, publicKeyOf(this.key));
    this.tree = new CompactRange();
    this.nodes = new Map();
    for (const record of from?.records.slice(0, size) ?? []) this.keep(record);
  }

  get next(): bigint {
    return this.tree.size + 1n;
  }

  add(body: RecordBody = {}, kind = 'exec'): Incoming {
    const seq = this.next;
    const bytes = encodeRecord({
      eventId: `0190a0b0-0000-7000-8000-${`${seq}`.padStart(12, '0')}`,
      node: this.name,
      tenant: TENANT,
      epoch: this.epoch,
      seq,
      class: RecordClass.activity,
      kind,
      ...body,
    });
    return this.keep({ bytes, seq, epoch: this.epoch, kind });
  }

  many(count: number): Incoming[] {
    return Array.from({ length: count }, () => this.add());
  }

  /** Signs the tree as it is, and journals that. */
  checkpoint(sign = this.key, vkey = this.vkey): Incoming {
    const size = this.tree.size;
    const root = this.tree.root();
    const note = signNote(formatCheckpoint({ origin: this.origin, size, root }), this.origin, sign);
    const oldSize = this.signed?.size ?? 0n;
    const proof = consistencyProof(oldSize, size, this.read) ?? [];
    const range = [...this.tree.hashes()];
    this.signed = { size, root, range, note };
    return this.add(
      { checkpoint: { size, root, note, vkey, oldSize, proof, range } },
      'checkpoint',
    );
  }

  /** Signed as docs/nats.md says. */
  heartbeat(number: bigint, sign = this.key): Incoming {
    const said = { number, version: '1.0.0', agents: 1 };
    // Tag of field 33 and a length of one byte stand before the message.
    const body = encodeRecord({ heartbeat: said }).subarray(3);
    const digest = createHash('sha256').update(body).digest('base64');
    const note = signNote(`${this.origin}/heartbeat\n${number}\n${digest}\n`, this.origin, sign);
    return this.add({ heartbeat: { ...said, note } }, 'heartbeat');
  }

  get signedRoot(): Buffer {
    return this.signed?.root ?? Buffer.alloc(0);
  }

  /** Goes on behind records it lost, as docs/journal.md says: the checkpoint again, and a gap. */
  afterLoss(firstSeq: bigint): {
    readonly life: FakeNode;
    readonly link: Incoming;
    readonly gap: Incoming;
  } {
    const { signed } = this;
    if (signed === null) throw new Error('nothing was signed');
    const life = new FakeNode({ key: this.key, epoch: this.epoch + 1, name: this.name });
    life.tree = new CompactRange(signed.size, signed.range);
    life.signed = signed;
    const old = this.records[Number(signed.size)];
    const decoded = decodeRecord(old?.bytes ?? Buffer.alloc(0));
    const checkpoint = decoded.ok ? decoded.record.checkpoint : null;
    if (!checkpoint) throw new Error('the record behind a signed tree is its checkpoint');
    const link = life.add({ checkpoint }, 'checkpoint');
    const lost = { stage: 'journal', cause: 'damaged', firstSeq, lastSeq: signed.size };
    const gap = life.add({ gap: { ...lost, count: signed.size - firstSeq + 1n } }, 'gap');
    return { life, link, gap };
  }

  private keep(record: Incoming): Incoming {
    this.records.push(record);
    this.tree.append(leafHash(record.bytes), (level, index, hash) => {
      this.nodes.set(`${level}/${index}`, hash);
    });
    return record;
  }

  private readonly read: NodeReader = (level, index) => this.nodes.get(`${level}/${index}`) ?? null;
}

/** A copy in memory. */
export class FakeMirror implements MirrorPort {
  readonly stored: Uint8Array[] = [];
  private readonly leaves = new Map<bigint, Buffer>();
  private readonly roots = new Map<bigint, Buffer>();
  private tree = new CompactRange();

  get next(): bigint {
    return this.tree.size + 1n;
  }

  append(bytes: Uint8Array): boolean {
    const decoded = decodeRecord(bytes);
    const stub = decoded.ok ? decoded.record.stub : null;
    const leaf = stub ? Buffer.from(stub.leafHash) : leafHash(bytes);
    this.leaves.set(this.next, leaf);
    this.tree.append(leaf);
    this.roots.set(this.tree.size, this.tree.root());
    this.stored.push(bytes);
    return true;
  }

  skip({ size, range, root }: TreeState): void {
    this.tree = new CompactRange(size, range);
    this.roots.set(size, root);
  }

  leafAt(seq: bigint): Buffer | null {
    return this.leaves.get(seq) ?? null;
  }

  rootAt(size: bigint): Buffer | null {
    return this.roots.get(size) ?? null;
  }
}
