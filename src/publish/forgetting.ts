import type { FeedMessage } from './feed.js';

export interface Reached {
  readonly nowMs: number;
  readonly acked: bigint;
  readonly committed: bigint;
  readonly cosigned: bigint;
}

const FIRST_PAUSE_MS = 30_000;
/** With doubled pauses all that is sent again is twice what there is; a gateway may be down for days. */
const MAX_PAUSE_MS = 6 * 3_600_000;
/** While more waits, the gateway may just be behind. */
const MAX_BACKLOG = 4096n;
const MAX_CHECKPOINTS = 64;

/**
 * A broker that acknowledges and forgets looks like one that keeps, but for one thing: the gateway does not cosign what it
 * never got. Says when it is time to send again.
 */
export class Forgetting {
  private checkpoints: { readonly covers: bigint; readonly last: bigint; readonly atMs: number }[] =
    [];
  private cosigned = 0n;
  private quietSinceMs = 0;
  private pauseMs: number;

  constructor(private readonly firstPauseMs = FIRST_PAUSE_MS) {
    this.pauseMs = firstPauseMs;
  }

  acknowledged({ covers, last }: Pick<FeedMessage, 'covers' | 'last'>, nowMs: number): void {
    if (covers <= this.cosigned) return;
    // The oldest is what is waited for; of the others, a few in case it goes.
    if (this.checkpoints.length < MAX_CHECKPOINTS)
      this.checkpoints.push({ covers, last, atMs: nowMs });
  }

  /** True: send again from the cosigned size. The next time it takes twice as long. */
  isTime({ nowMs, acked, committed, cosigned }: Reached): boolean {
    if (cosigned > this.cosigned) {
      this.cosigned = cosigned;
      this.quietSinceMs = nowMs;
      this.pauseMs = this.firstPauseMs;
      this.checkpoints = this.checkpoints.filter(({ covers }) => covers > cosigned);
    }
    const waiting = this.checkpoints.find(({ last }) => last <= acked);
    if (waiting === undefined || committed - acked > MAX_BACKLOG) return false;
    if (nowMs - Math.max(waiting.atMs, this.quietSinceMs) < this.pauseMs) return false;
    this.pauseMs = Math.min(this.pauseMs * 2, MAX_PAUSE_MS);
    this.quietSinceMs = nowMs;
    this.checkpoints = [];
    return true;
  }
}
