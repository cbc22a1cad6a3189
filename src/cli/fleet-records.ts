import { setTimeout as sleep } from 'node:timers/promises';
import { follow, readStream, streamExtent } from '../nats/index.js';
import type { From, NatsLink, StreamMessage } from '../nats/index.js';
import { readHeader } from '../record/index.js';
import { decodeDelimited, NODE_PREFIX, parseSubject } from '../subject/index.js';
import { originFilter, originTest, STREAM } from './fleet.js';
import type { FleetOptions } from './fleet.js';

/** A record, and the number of the message it came in. */
export interface FleetRecord {
  readonly streamSeq: number;
  readonly seq: bigint;
  readonly bytes: Uint8Array;
}

/** Records that are remembered, so that one which was sent again is shown once. */
const MAX_SEEN = 65_536;
const RETRY_MS = 500;

/** Reads the fleet's stream: records of the nodes that are wanted, each once. */
export class FleetRecords {
  private readonly test: ReturnType<typeof originTest>;
  private readonly filter: string;
  private seen = new Set<string>();

  /** `findingsOnly` leaves the rest on the server. */
  constructor(
    private readonly link: NatsLink,
    options: FleetOptions,
    findingsOnly: boolean,
    private readonly note: (text: string) => Promise<void>,
  ) {
    this.test = originTest(options);
    this.filter = findingsOnly
      ? `${NODE_PREFIX}.record.${originFilter(options)}.finding.>`
      : `${NODE_PREFIX}.>`;
  }

  /** Numbers of the first and last message there are; 0 and 0: none. */
  async extent(): Promise<{ readonly firstSeq: number; readonly lastSeq: number }> {
    return (await streamExtent(this.link, STREAM)) ?? { firstSeq: 0, lastSeq: 0 };
  }

  /** What is there now, from a place on; every record anew. */
  async *read(from: From, lastSeq: number): AsyncGenerator<FleetRecord> {
    this.seen = new Set();
    for await (const message of readStream(this.link, STREAM, this.filter, from)) {
      if (message.streamSeq > lastSeq) return;
      yield* this.recordsOf(message);
    }
  }

  /** What comes behind a message, for ever: over broken connections, and over a stream that begins anew. */
  async *follow(after: number): AsyncGenerator<FleetRecord> {
    let position = after;
    let there = true;
    for (;;) {
      try {
        const { lastSeq } = await this.extent();
        if (lastSeq < position) {
          await this.note('the stream began anew');
          position = 0;
        }
        for await (const { messages } of follow(this.link, STREAM, this.filter, {
          seq: position + 1,
        })) {
          if (!there) await this.note('the stream is back');
          there = true;
          for (const message of messages) {
            yield* this.recordsOf(message);
            position = message.streamSeq;
          }
        }
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (there) await this.note(`the stream went away (${reason}): waiting for it`);
        there = false;
      }
      await sleep(RETRY_MS);
    }
  }

  private *recordsOf({ subject, data, streamSeq }: StreamMessage): Generator<FleetRecord> {
    const about = parseSubject(subject);
    if (about === null || about.type === 'cosign' || !this.test(about)) return;
    const body = decodeDelimited(data);
    for (const bytes of body.ok ? body.items : []) {
      const header = readHeader(bytes);
      // A record that speaks for another node is not shown as that node's.
      if (header?.tenant !== about.tenant || header.node !== about.node) continue;
      if (!this.isNew(`${header.tenant}/${header.node}/${header.epoch}/${header.seq}`)) continue;
      yield { streamSeq, seq: header.seq, bytes };
    }
  }

  private isNew(key: string): boolean {
    if (this.seen.has(key)) return false;
    this.seen.add(key);
    if (this.seen.size > MAX_SEEN) {
      for (const oldest of this.seen) {
        this.seen.delete(oldest);
        break;
      }
    }
    return true;
  }
}
