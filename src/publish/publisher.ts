import { join } from 'node:path';
import { AUDIT_STREAM, WATCHFLOOR_STREAM } from '../nats/index.js';
import type { LinkStats, NatsLink } from '../nats/index.js';
import type { VerifierKey } from '../tlog/index.js';
import { assemblyPacker } from './assembly-packer.js';
import { Cosignatures } from './cosignatures.js';
import type { CosignatureStats, CosignedJournal } from './cosignatures.js';
import { CursorFile } from './cursor-file.js';
import type { PublishEvent } from './events.js';
import { Forgetting } from './forgetting.js';
import { RecordPacker } from './record-packer.js';
import { StreamSender } from './stream-sender.js';
import type { Committed, StreamStats } from './stream-sender-types.js';

export interface PublisherOptions {
  readonly journalDir: string;
  /** Cursors are in `publish/` below it. */
  readonly stateDir: string;
  readonly journal: Committed & CosignedJournal;
  readonly link: NatsLink;
  readonly tenant: string;
  readonly node: string;
  /** null: there is no gateway that cosigns, and what is acknowledged is believed to be kept. */
  readonly gatewayKey: VerifierKey | null;
  readonly nodeKey?: VerifierKey | null;
  /** Root of our own tree, null where it is not known. */
  readonly rootAt: (size: bigint) => Buffer | null;
  /** Rows for Agent Assembly's gateway, too. */
  readonly assembly: boolean;
  readonly onEvent: (event: PublishEvent) => void;
  /** Shorter in tests. */
  readonly times?: {
    readonly ackMs?: number;
    readonly stalledMs?: number;
    readonly forgotMs?: number;
  };
}

export interface PublishStats extends StreamStats {
  readonly link: LinkStats;
  /** Why there is no connection, or what the server refused. */
  readonly lastError: string | null;
  readonly cosigned: bigint;
  readonly cosignatures: CosignatureStats | null;
  /** How often everything was sent again because nothing was cosigned. */
  readonly forgotten: number;
  /** The rows for Agent Assembly; null: none are wanted. */
  readonly assembly: StreamStats | null;
}

const LOOK_MS = 1000;

/** What is committed goes to the gateway, once each stream has a cursor of its own; what it cosigned comes back. */
export class Publisher {
  private readonly records: StreamSender;
  private readonly assembly: StreamSender | null;
  private cosignatures: Cosignatures | null = null;
  private readonly forgetting: Forgetting;
  private forgotten = 0;
  private timer: NodeJS.Timeout | null = null;
  private starting: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: PublisherOptions) {
    const { tenant, node, journal, assembly, gatewayKey, times } = options;
    this.forgetting = new Forgetting(times?.forgotMs);
    const common = { ...options, ...times };
    this.records = new StreamSender({
      ...common,
      spec: WATCHFLOOR_STREAM,
      packer: new RecordPacker(tenant, node),
      cursor: this.cursor(WATCHFLOOR_STREAM.name),
      fallback: () => journal.cosigned,
      onAcked: (message) => {
        if (gatewayKey !== null) this.forgetting.acknowledged(message, Date.now());
      },
      onReplaced: () => {
        if (gatewayKey !== null && this.records.acked > journal.cosigned) this.sendAgain();
      },
    });
    this.assembly = assembly
      ? new StreamSender({
          ...common,
          spec: AUDIT_STREAM,
          packer: assemblyPacker,
          cursor: this.cursor(AUDIT_STREAM.name),
          // That gateway cosigns nothing: from the oldest.
          fallback: () => 0n,
        })
      : null;
  }

  /** Returns at once; sending begins by itself. */
  start(): void {
    const { gatewayKey, nodeKey = null, onEvent } = this.options;
    this.starting = Promise.all([this.records.start(), this.assembly?.start()]);
    if (gatewayKey === null) return;
    const onCosigned = (size: bigint): void => {
      onEvent({ event: 'cosigned', size });
    };
    this.cosignatures = new Cosignatures({ ...this.options, gatewayKey, nodeKey, onCosigned });
    this.timer = setInterval(() => {
      this.look();
    }, LOOK_MS);
  }

  /** Sends what is left for at most 5 s and saves the cursors. The link is its owner's to close. */
  async stop(): Promise<void> {
    await this.starting;
    if (this.timer !== null) clearInterval(this.timer);
    await Promise.all([this.records.stop(), this.assembly?.stop()]);
    this.cosignatures?.close();
  }

  stats(): PublishStats {
    const { link, journal } = this.options;
    return {
      ...this.records.stats(),
      link: link.stats(),
      lastError: link.lastError,
      cosigned: journal.cosigned,
      cosignatures: this.cosignatures?.stats() ?? null,
      forgotten: this.forgotten,
      assembly: this.assembly?.stats() ?? null,
    };
  }

  private cursor(stream: string): CursorFile {
    return new CursorFile(join(this.options.stateDir, 'publish', `${stream}.cursor`));
  }

  private look(): void {
    const { committed, cosigned } = this.options.journal;
    const { acked } = this.records;
    if (this.forgetting.isTime({ nowMs: Date.now(), acked, committed, cosigned })) this.sendAgain();
  }

  /** What was acknowledged by a broker that may have lost it, and not cosigned. */
  private sendAgain(): void {
    const { cosigned } = this.options.journal;
    this.forgotten += 1;
    this.options.onEvent({ event: 'forgot', from: cosigned, to: this.records.acked });
    this.records.rewind(cosigned, `.r${this.forgotten}`);
  }
}
