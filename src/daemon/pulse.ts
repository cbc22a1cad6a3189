/** Ticks come every 100 ms; so late, something held the process: SIGSTOP, suspend, a frozen cgroup, no CPU. */
const HELD_NS = 2_000_000_000n;

/** When the daemon did not run although it was not told to stop. */
export interface Held {
  /** CLOCK_BOOTTIME, nanoseconds. */
  readonly fromNs: bigint;
  readonly untilNs: bigint;
}

/** Notices from the distance of two ticks that nobody read the rings meanwhile. */
export class Pulse {
  #lastNs: bigint | null = null;

  /** Called with every tick; what lies between it and the one before, when that is too much. */
  beat(bootNs: bigint): Held | null {
    const lastNs = this.#lastNs;
    this.#lastNs = bootNs;
    if (lastNs === null || bootNs - lastNs < HELD_NS) return null;
    return { fromNs: lastNs, untilNs: bootNs };
  }
}
