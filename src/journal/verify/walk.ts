import { decodeRecord } from '../../record/index.js';
import type { StoredRecord } from '../../record/index.js';
import type { TreeHead } from '../../tlog/index.js';
import { checkCheckpoint } from './checkpoint-record.js';
import { readFields } from './fields.js';
import { Frontier } from './frontier.js';
import type { Head } from './heads.js';
import { leafOf } from './leaf.js';
import { Places } from './places.js';
import type { Place } from './places.js';
import type { Findings, VerifyOptions } from './report.js';
import { settle, tileDamage } from './settle.js';
import type { Walked } from './settle.js';
import type { TileEvidence } from './tiles.js';
import { Told } from './told.js';

/** Kinds whose contents matter here; all others are bytes. */
const DECODED = ['checkpoint', 'retention', 'gap', 'sensor'];
/** Missing tiles one behind the other, behind which nothing is looked for. */
const MAX_MISSING_TILES = 16;

/** The state of a walk from the oldest record to the newest. */
export class Walk {
  records = 0;
  checkpoints = 0;
  unproved = 0;
  stubs = 0;
  signedSize = 0n;
  uncheckedNotes = false;
  /** The journal ends as one does that was closed. */
  stopped = false;
  readonly told = new Told();
  readonly epochs = new Set<number>();
  private readonly frontier = new Frontier();
  private readonly places = new Places();
  private readonly walked: Walked;
  private before: TreeHead | null = null;
  private afterStop = false;
  private next = 0;
  private doubted: Place[] = [];

  constructor(
    private readonly options: VerifyOptions,
    private readonly heads: readonly Head[],
    private readonly tiles: TileEvidence,
    private readonly findings: Findings,
  ) {
    this.signedSize = heads.at(-1)?.size ?? 0n;
    this.walked = { frontier: this.frontier, places: this.places, findings };
  }

  /** Records up to this number are not here: what the tiles say stands in for them. */
  skipTo(seq: bigint): void {
    const { frontier, tiles } = this;
    let missing = 0;
    while (frontier.size < seq && missing < MAX_MISSING_TILES) {
      const there = tiles.has(0, frontier.size >> 8n);
      missing = there ? 0 : missing + 1;
      const border = ((frontier.size >> 8n) + 1n) << 8n;
      const end = border < seq ? border : seq;
      while (frontier.size < end) {
        this.push(tiles.leaf(frontier.size), null);
        this.checkHeads();
      }
    }
    if (frontier.size < seq) {
      frontier.reset(seq);
      this.places.forget(seq + 1n);
    }
  }

  record(place: Place, epoch: number | null, bytes: Uint8Array): void {
    this.skipTo(place.firstSeq - 1n);
    this.records += 1;
    const fields = readFields(bytes);
    if (fields === null) {
      this.findings.add({ ...place, reason: 'content', text: 'is no record' });
    } else {
      if (epoch !== null && fields.epoch !== epoch) {
        const text = `is of epoch ${fields.epoch}, its segment of ${epoch}`;
        this.findings.add({ ...place, reason: 'header', text });
      }
      this.epochs.add(fields.epoch);
    }
    const wanted = fields !== null && (fields.hasStub || DECODED.includes(fields.kind));
    const decoded = wanted ? decodeRecord(bytes) : null;
    const record = decoded?.ok === true ? decoded.record : null;
    if (decoded?.ok === false) {
      this.findings.add({ ...place, reason: 'content', text: decoded.reason });
    }
    this.places.add(place.segment, place.firstSeq, place.offset, place.offset + place.bytes);
    if (record?.stub) this.stubs += 1;
    this.push(leafOf(bytes, record), this.tiles.leaf(place.firstSeq - 1n));
    // A checkpoint comes before what was signed over it.
    if (record !== null) this.take(record, place);
    this.checkHeads();
    this.stopped = this.afterStop && record?.kind === 'checkpoint';
    this.afterStop = record?.kind === 'sensor' && record.sensor?.event === 'stop';
  }

  /** Behind the last record: what the tiles say otherwise, and no checkpoint decided. */
  finish(): void {
    const { frontier, places, findings } = this;
    for (const place of this.doubted) {
      const text = 'these records or the checkpoint beside them are not what was signed';
      findings.add({ ...place, reason: 'content', text });
    }
    for (const index of frontier.disputed(frontier.size)) {
      findings.add(tileDamage(index));
      for (const place of places.of(index + 1n, index + 1n)) {
        findings.add({ ...place, reason: 'content', text: 'is not the record a tile has' });
      }
    }
  }

  get size(): bigint {
    return this.frontier.size;
  }

  private push(leaf: Buffer | null, tile: Buffer | null): void {
    const other = leaf !== null && tile !== null && !tile.equals(leaf) ? tile : null;
    this.frontier.push(leaf, other);
  }

  private checkHeads(): void {
    for (let head = this.heads[this.next]; head !== undefined; head = this.heads[this.next]) {
      if (head.size > this.frontier.size) break;
      this.next += 1;
      this.checkHead(head);
    }
  }

  private take(record: StoredRecord, place: Place): void {
    const { retention, gap } = record;
    if (record.kind === 'checkpoint') this.checkpoint(record, place);
    if (record.kind === 'retention' && retention) this.told.retention(retention.lastSeq);
    if (record.kind === 'gap' && gap?.stage === 'journal') {
      if (gap.firstSeq === null || gap.lastSeq === null) return;
      this.told.gap(gap.firstSeq, gap.lastSeq);
    }
  }

  private checkpoint(record: StoredRecord, place: Place): void {
    const { vkey } = this.options;
    if (vkey === null) {
      this.uncheckedNotes = true;
      return;
    }
    const seq = place.firstSeq;
    const checked = checkCheckpoint(record.checkpoint, seq, vkey, this.before);
    if (!checked.ok) {
      this.findings.add({ ...place, reason: checked.reason, text: checked.text });
      return;
    }
    const { head } = checked;
    if (head.size > this.signedSize) this.signedSize = head.size;
    this.before = head;
    const held = settle(this.walked, head);
    if (held !== 'differs') this.doubted = [];
    if (held === 'holds') this.checkpoints += 1;
    if (held === 'unknown') this.unproved += 1;
  }

  private checkHead(head: Head): void {
    if (head.size === 0n) return;
    const from = this.frontier.start;
    const held = settle(this.walked, head);
    if (held === 'unknown') this.unproved += 1;
    if (held !== 'differs') return;
    const text = 'is signed, and has another root than these records have';
    const segment = head.source;
    this.findings.add({ segment, offset: 0, bytes: head.bytes, reason: 'checkpoint', text });
    // A checkpoint in the records may yet say that they are right.
    if (head.range === null) this.doubted = this.places.of(from + 1n, head.size);
  }
}
