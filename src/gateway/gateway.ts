import { setTimeout as sleep } from 'node:timers/promises';
import type { PullConsumer } from '../nats/index.js';
import type { Log } from '../telemetry/index.js';
import type { Cosigner } from './cosigner.js';
import type { Intake } from './intake.js';
import type { Nodes } from './nodes.js';
import type { SilenceWatch } from './silence-watch.js';

export interface GatewayParts {
  readonly consumer: PullConsumer;
  readonly intake: Intake;
  readonly cosigner: Cosigner;
  readonly nodes: Nodes;
  readonly silence: SilenceWatch;
  readonly log: Log;
  /** Ends everything. */
  readonly stop: AbortSignal;
  /** Signs the gateway's own journal. */
  readonly seal: () => Promise<void>;
}

const TICK_MS = 1000;
const COSIGN_MS = 100;
const SEAL_MS = 5000;
const REPORT_MS = 60_000;
/** Who has more than this to read does not know yet who is silent. */
const BEHIND = 1024;
/** Cosignatures that are under way at the stop. */
const DRAIN_MS = 2000;

/** The gateway at work: one batch after another, and what time brings. */
export class Gateway {
  /** A batch and a tick would write to the same copies. */
  private turn: Promise<void> = Promise.resolve();
  private ticks = 0;

  constructor(private readonly parts: GatewayParts) {}

  /** Until it is told to stop; then everything that was taken is durable, acknowledged and answered. */
  async run(): Promise<void> {
    const { consumer, stop, cosigner, log } = this.parts;
    const timers = [
      setInterval(() => {
        if (this.ticks > 0) return;
        this.ticks += 1;
        void this.inTurn(() => this.tick()).finally(() => (this.ticks -= 1));
      }, TICK_MS),
      setInterval(() => {
        cosigner.tick(Date.now());
      }, COSIGN_MS),
      setInterval(() => void this.parts.seal(), SEAL_MS),
      setInterval(() => {
        log.info(this.counts(), 'counts');
      }, REPORT_MS),
    ];
    const end = (): void => {
      consumer.close();
    };
    stop.addEventListener('abort', end);
    if (stop.aborted) end();
    while (!stop.aborted) await this.next();
    for (const timer of timers) clearInterval(timer);
    await this.turn;
    await this.drain();
    log.info(this.counts(), 'counts');
  }

  counts(): Record<string, number> {
    const { intake, cosigner, nodes, silence } = this.parts;
    const { cosigned, sent, failed } = cosigner.counts;
    const held = [...nodes.openNodes()].filter(({ book }) => book.trust.held !== null).length;
    return {
      ...intake.counts,
      cosigned,
      cosignatures_sent: sent,
      cosignatures_failed: failed,
      nodes: nodes.size,
      nodes_refused: nodes.counts.refused,
      silent: silence.silentCount,
      held,
    };
  }

  private async next(): Promise<void> {
    const { consumer, intake, silence, log, stop } = this.parts;
    const { messages, state } = await consumer.next();
    if (stop.aborted && messages.length === 0) return;
    const now = Date.now();
    if (state === 'away' || (messages.at(-1)?.pending ?? 0) > BEHIND) silence.away();
    else silence.contact(now);
    if (messages.length === 0) return;
    try {
      await this.inTurn(() => intake.take(messages, now));
    } catch (error) {
      // Not acknowledged, so it comes again.
      const reason = error instanceof Error ? error.message : String(error);
      log.error({ reason, messages: messages.length }, 'a batch could not be taken');
      await sleep(TICK_MS, undefined, { signal: stop }).catch(() => undefined);
    }
  }

  private inTurn(work: () => Promise<unknown>): Promise<unknown> {
    const done = this.turn.then(work);
    this.turn = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  private async tick(): Promise<void> {
    const { intake, log } = this.parts;
    try {
      await intake.tick(Date.now());
    } catch (error) {
      log.error({ reason: error instanceof Error ? error.message : String(error) }, 'tick');
    }
  }

  private async drain(): Promise<void> {
    const { cosigner } = this.parts;
    const end = Date.now() + DRAIN_MS;
    while (!cosigner.idle && Date.now() < end) {
      cosigner.tick(Date.now());
      await sleep(COSIGN_MS);
    }
  }
}
