import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Journal, verifyJournal } from '../../src/journal/index.js';
import type { Found, JournalOptions, Report } from '../../src/journal/index.js';
import { RecordClass } from '../../src/record/index.js';
import type { RecordBody } from '../../src/record/index.js';
import { redact } from '../../src/redact/index.js';
import { readSignerState } from '../../src/signer/index.js';
import {
  cosign,
  EMPTY_ROOT,
  formatCheckpoint,
  formatVkey,
  parseVkey,
  publicKeyOf,
  signNote,
} from '../../src/tlog/index.js';
import type { TreeState, VerifierKey } from '../../src/tlog/index.js';
import { origin, stamp, valueOf } from '../fixtures/golden/values.js';

export const ORIGIN = 'watchfloor.v1/default/web-1';
export const COSIGNER = 'watchfloor.v1/gateway';

const finding = redact(valueOf('finding'), stamp);

/** A node without sensors: it writes and signs a journal as the daemon does, with a key of the test. */
export class SignedNode {
  readonly vkey: string;
  readonly cosigner: string;
  readonly journalDir: string;
  readonly #key = generateKeyPairSync('ed25519').privateKey;
  readonly #gateway = generateKeyPairSync('ed25519').privateKey;
  #state: TreeState = { size: 0n, root: EMPTY_ROOT, range: [], note: '' };
  #count = 0n;

  constructor(
    readonly stateDir: string,
    private readonly options: JournalOptions = {},
  ) {
    this.vkey = formatVkey(ORIGIN, publicKeyOf(this.#key));
    this.cosigner = formatVkey(COSIGNER, publicKeyOf(this.#gateway), 4);
    this.journalDir = join(stateDir, 'journal');
    mkdirSync(join(stateDir, 'signer'), { recursive: true, mode: 0o700 });
    writeFileSync(join(stateDir, 'signer', 'vkey'), `${this.vkey}\n`);
  }

  /** One life of the daemon, over when `live` is; a clean stop is `live`'s to write. */
  async epoch(live: (epoch: Epoch, found: Found) => Promise<void>): Promise<Found> {
    const anchor = this.#state.note === '' ? null : this.#state;
    const { journal, found } = Journal.open(this.journalDir, { ...this.options, anchor });
    const epoch = new Epoch(journal, this);
    if (found.link !== null) epoch.repeat(found.link);
    await live(epoch, found);
    await journal.close();
    return found;
  }

  body(): RecordBody {
    this.#count += 1n;
    return redact({ ...valueOf('exec'), origin: { ...origin, seq: this.#count } }, stamp).body;
  }

  get state(): TreeState {
    return this.#state;
  }

  /** What the signer does with a larger tree: writes it down, and signs it. */
  sign({ size, root, range }: Omit<TreeState, 'note'>): string {
    const note = signNote(formatCheckpoint({ origin: ORIGIN, size, root }), ORIGIN, this.#key);
    this.#state = { size, root, range, note };
    const hashes = range.map((hash) => `${hash.toString('base64')}\n`).join('');
    writeFileSync(join(this.stateDir, 'signer', 'state'), `${note}\n${hashes}`);
    return note;
  }

  cosign(note: string): string {
    return cosign(note, COSIGNER, this.#gateway, 1_763_690_000n);
  }

  verify(stateDir = this.stateDir): Report {
    return verifyState(stateDir, [keyOf(this.cosigner)]);
  }
}

/** What `watchfloor verify` does with a state directory. */
export function verifyState(stateDir: string, cosigners: readonly VerifierKey[] = []): Report {
  const { vkey, state, problems } = readSignerState(join(stateDir, 'signer'));
  const key = vkey === null ? null : parseVkey(vkey);
  return verifyJournal(join(stateDir, 'journal'), { vkey: key, state, problems, cosigners });
}

export function keyOf(vkey: string): VerifierKey {
  const key = parseVkey(vkey);
  if (key === null) throw new Error(`no verifier key: ${vkey}`);
  return key;
}

class Epoch {
  constructor(
    readonly journal: Journal,
    private readonly node: SignedNode,
  ) {}

  async records(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) this.#append(this.node.body());
    await this.journal.flush();
  }

  /** A checkpoint over everything so far, and its record. */
  async checkpoint(): Promise<string> {
    const before = this.node.state;
    const [tree, note] = await this.#sign();
    const proof = this.journal.consistencyProof(before.size, tree.size) ?? [];
    this.#checkpoint({ ...tree, note }, before.size, proof);
    await this.journal.flush();
    return note;
  }

  async cosigned(): Promise<void> {
    this.journal.saveCosigned(this.node.cosign(await this.checkpoint()), this.node.state.size);
  }

  async gap(firstSeq: bigint, lastSeq: bigint): Promise<void> {
    const gap = { stage: 'journal', cause: 'damaged', count: lastSeq - firstSeq + 1n };
    this.#append({ ...this.#sensor('gap'), gap: { ...gap, firstSeq, lastSeq } });
    await this.journal.flush();
  }

  /** Lets the oldest segments go, as the limits say. */
  async retire(): Promise<boolean> {
    const plan = this.journal.planRetirement(null);
    if (plan === null) return false;
    const { segments, bytes, ...span } = plan;
    const retention = { ...span, segments, bytes: BigInt(bytes), cosignedSize: 0n };
    this.#append({ ...this.#sensor('retention'), retention });
    await this.journal.flush();
    return this.journal.retire(plan);
  }

  async stop(): Promise<void> {
    this.#append({ ...this.#sensor('sensor'), sensor: { event: 'stop', detail: '' } });
    await this.checkpoint();
    await this.#sign();
  }

  repeat(link: TreeState): void {
    this.#checkpoint(link, link.size, []);
  }

  async #sign() {
    await this.journal.flush();
    const tree = this.journal.tree();
    const note = this.node.sign(tree);
    this.journal.saveCheckpoint(note);
    return [tree, note] as const;
  }

  #checkpoint({ size, root, range, note }: TreeState, oldSize: bigint, proof: Buffer[]): void {
    const { vkey } = this.node;
    const checkpoint = { size, root, note, vkey, oldSize, proof, range: [...range] };
    this.#append({ ...this.#sensor('checkpoint'), checkpoint });
  }

  #sensor(kind: string): RecordBody {
    const { eventId, node, tenant, bootId, wallNs, bootNs } = this.node.body();
    const common = {
      ...(eventId && { eventId }),
      ...(wallNs && { wallNs }),
      ...(bootNs && { bootNs }),
    };
    return {
      ...common,
      ...(node && { node }),
      ...(tenant && { tenant }),
      ...(bootId && { bootId }),
      kind,
      class: RecordClass.sensor,
    };
  }

  #append(body: RecordBody): void {
    if (this.journal.append({ ...finding, body }) === null) throw new Error('not taken');
  }
}
