import { AckedSender, ensureStream, HEADER_ROOM } from '../nats/index.js';
import type { Refusal, SenderStats, StreamCheck } from '../nats/index.js';
import { Feed } from './feed.js';
import type { FeedMessage } from './feed.js';
import { StallWatch } from './stall-watch.js';
import type { StreamSenderOptions, StreamStats } from './stream-sender-types.js';

/** Reading never takes longer at a time: capture runs on the same thread. */
const SLICE_MS = 4;
const TICK_MS = 1000;
const FAREWELL_MS = 5000;

/** The journal on its way to one stream: reads what is committed, keeps a window in flight, and knows how far it came. */
export class StreamSender {
  private feed: Feed | null = null;
  private sender: AckedSender<FeedMessage> | null = null;
  private check: StreamCheck = { state: 'unknown', problems: [], created: null };
  /** When the stream was made that is sent to. */
  private created: string | null = null;
  private readonly stall: StallWatch;
  /** What this connection's server or stream turned out to take. */
  private learned = { largest: Number.MAX_SAFE_INTEGER, packBytes: Number.MAX_SAFE_INTEGER };
  private readonly reported = new Set<string>();
  private counts = { rejected: 0, stubs: 0, missed: 0n };
  private saved: bigint | null = null;
  private saving: Promise<unknown> = Promise.resolve();
  private turn: NodeJS.Immediate | null = null;
  private ends: (() => void)[] = [];

  constructor(private readonly options: StreamSenderOptions) {
    this.stall = new StallWatch(options.onEvent, options.stalledMs);
  }

  async start(): Promise<void> {
    const { options } = this;
    const after = await this.firstPlace();
    this.feed = new Feed(options.journalDir, options.packer, after, (missed) => {
      this.counts.missed += missed.lastSeq - missed.firstSeq + 1n;
      options.onEvent({ event: 'missed', ...missed });
    });
    this.sender = new AckedSender(options.link, {
      stream: options.spec.name,
      prepare: () => this.prepare(),
      onAcked: (message) => {
        this.acknowledged(message);
      },
      onRefused: (refusal, message) => {
        this.refused(refusal, message);
      },
      ...(options.ackMs === undefined ? {} : { ackMs: options.ackMs }),
    });
    const timer = setInterval(() => {
      this.tick();
    }, TICK_MS);
    const endCommits = options.journal.onCommit(() => {
      this.wake();
    });
    const endTimer = (): void => {
      clearInterval(timer);
    };
    this.ends = [endCommits, endTimer];
    this.wake();
  }

  /** Sends what is left for at most 5 s, where something takes it, and saves how far it came. */
  async stop(): Promise<void> {
    const end = Date.now() + FAREWELL_MS;
    const { link, journal } = this.options;
    while (this.acked < journal.committed && link.state === 'connected' && Date.now() < end) {
      if (this.sender === null || this.sender.refused !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    for (const stop of this.ends.splice(0)) stop();
    if (this.turn !== null) clearImmediate(this.turn);
    this.save();
    await this.saving;
    this.sender?.close();
    this.feed?.close();
    this.sender = null;
  }

  /** Every record up to this number is acknowledged, or needs no message. */
  get acked(): bigint {
    const oldest = this.sender?.oldest ?? null;
    return oldest === null ? (this.feed?.given ?? 0n) : oldest.first - 1n;
  }

  /** Sends again from behind a number. The new ids end in `suffix`: by the old ones the broker would take it for done. */
  rewind(after: bigint, suffix: string): void {
    this.sender?.clear();
    this.feed?.seek(after, suffix);
    this.wake();
  }

  stats(): StreamStats {
    const { spec, journal } = this.options;
    const { acked, sender } = this;
    const backlog = journal.committed > acked ? journal.committed - acked : 0n;
    const wallMs = sender?.oldest?.wallMs;
    return {
      ...(sender?.stats() ?? NOTHING),
      ...this.counts,
      stream: spec.name,
      check: this.check.state,
      problems: this.check.problems,
      ackedSeq: acked,
      backlog,
      backlogAgeMs: wallMs === undefined ? 0 : Math.max(Date.now() - wallMs, 0),
      stalled: this.stall.stalled,
      refused: textOf(sender?.refused ?? null),
    };
  }

  private async firstPlace(): Promise<bigint> {
    const { cursor, spec, fallback, journal, onEvent } = this.options;
    const found = await cursor.read();
    if (found.state === 'ok' && found.seq <= journal.committed) return found.seq;
    const from = fallback();
    if (found.state === 'missing') return from;
    // A journal that is younger than its cursor gives numbers again that were sent before.
    const reason = found.state === 'damaged' ? found.reason : 'it is ahead of the journal';
    onEvent({ event: 'cursor', stream: spec.name, reason, from });
    return from;
  }

  /** Anew for each connection: another server may take more, and another stream may be there. */
  private async prepare(): Promise<void> {
    this.learned = { largest: Number.MAX_SAFE_INTEGER, packBytes: Number.MAX_SAFE_INTEGER };
    const before = this.check;
    const { link, spec, onEvent } = this.options;
    this.check = await ensureStream(link, spec);
    const { problems } = this.check;
    if (problems.length > 0 && problems.join() !== before.problems.join()) {
      onEvent({ event: 'stream', stream: spec.name, problems });
    }
    const { created } = this.check;
    if (created === null) return;
    const isReplaced = this.created !== null && this.created !== created;
    this.created = created;
    if (isReplaced) this.options.onReplaced?.();
  }

  private wake(): void {
    this.turn ??= setImmediate(() => {
      this.turn = null;
      this.pump();
    });
  }

  /** Fills the window from the journal, a slice of time each turn of the loop. */
  private pump(): void {
    const { feed, sender } = this;
    const { journal, packer } = this.options;
    const end = performance.now() + SLICE_MS;
    const isLate = (): boolean => performance.now() > end;
    while (feed !== null && sender?.hasRoom(packer.maxBytes) === true) {
      const fed = feed.next(journal.committed, this.limits(), isLate);
      if (fed.state === 'end') return;
      if (fed.state === 'message') {
        if (fed.message.shrunk && !fed.message.final) this.counts.stubs += 1;
        sender.send(fed.message);
      }
      if (fed.state === 'more' || isLate()) {
        this.wake();
        return;
      }
    }
  }

  private limits(): { readonly largest: number; readonly packBytes: number } {
    const room = Math.max(this.options.link.maxPayload - HEADER_ROOM, 0);
    const largest = Math.min(room, this.learned.largest);
    return { largest, packBytes: Math.min(largest, this.learned.packBytes) };
  }

  private acknowledged(message: FeedMessage): void {
    this.stall.progress(this.options.journal.committed - this.acked);
    if (this.sender?.oldest === null) this.reported.clear();
    this.options.onAcked?.(message);
    this.wake();
  }

  private refused(refusal: Refusal, message: FeedMessage): void {
    this.counts.rejected += 1;
    if (refusal.kind === 'too_large' && !message.final) {
      this.makeSmaller(message);
      return;
    }
    if (refusal.kind === 'no_stream') void this.prepare();
    if (this.reported.has(refusal.kind)) return;
    this.reported.add(refusal.kind);
    const { subject, first: seq } = message;
    this.options.onEvent({
      event: 'rejected',
      reason: refusal.kind,
      text: refusal.text,
      seq,
      subject,
    });
  }

  /** At once: each try is smaller than the one before, so there are few. */
  private makeSmaller(message: FeedMessage): void {
    const bytes = message.body.length;
    if (message.records > 1) this.learned.packBytes = Math.floor(bytes / 2);
    else this.learned.largest = bytes - 1;
    this.sender?.takeBack(message);
    this.feed?.seek(message.first - 1n);
    this.wake();
  }

  private tick(): void {
    const { acked } = this;
    this.stall.tick(this.options.journal.committed - acked);
    this.save();
    this.wake();
  }

  private save(): void {
    const { acked } = this;
    if (this.feed === null || acked === this.saved) return;
    this.saved = acked;
    this.saving = this.saving.then(() => this.options.cursor.save(acked));
  }
}

const NOTHING: SenderStats = {
  ...{ inFlight: 0, bytes: 0, acked: 0, duplicates: 0, resent: 0, strangeAcks: 0 },
};

const textOf = (refusal: Refusal | null): string | null =>
  refusal === null ? null : `${refusal.kind}: ${refusal.text}`;
