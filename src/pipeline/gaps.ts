import type { AgentInfo, Loss } from '../event/index.js';
import type { BypassDetector } from '../bypass/index.js';
import type { Output } from './output.js';
import { gapValue } from './values.js';

/** Says every loss, and lets the rules know that evidence is missing. */
export class Gaps {
  readonly #bypass: BypassDetector;
  readonly #output: Output;
  #count = 0;

  constructor(bypass: BypassDetector, output: Output) {
    this.#bypass = bypass;
    this.#output = output;
  }

  /** `stage`: `ring`, or the name of ours that lost it. `nowNs`: CLOCK_BOOTTIME when it was noticed. */
  tell(loss: Loss, stage: string, nowNs: bigint, agent: AgentInfo | null = null): void {
    this.#count += 1;
    this.#bypass.lost(loss.ring, nowNs);
    this.#output.value(gapValue(loss, { stage, bootNs: nowNs, number: this.#count, agent }));
  }
}
