/** Whom something came from last, and who fell silent. Pure: the time is given. */
export class SilenceWatch {
  private readonly lastMs = new Map<string, number>();
  private readonly silent = new Set<string>();
  /** Nothing before counts against anybody: we were not there. null: we are not there now. */
  private contactMs: number | null = null;

  constructor(private readonly afterMs: number) {}

  /** We read again what nodes send. */
  contact(nowMs: number): void {
    this.contactMs ??= nowMs;
  }

  /** We were away, or behind: whoever is silent now may have spoken. */
  away(): void {
    this.contactMs = null;
  }

  /** A node that should be heard from. */
  expect(node: string): void {
    if (!this.lastMs.has(node)) this.lastMs.set(node, 0);
  }

  /** True when it had been silent. */
  heard(node: string, nowMs: number): boolean {
    this.lastMs.set(node, nowMs);
    return this.silent.delete(node);
  }

  isSilent(node: string): boolean {
    return this.silent.has(node);
  }

  get silentCount(): number {
    return this.silent.size;
  }

  /** Nodes that are silent since now, and for how long, as far as we were there. */
  tick(nowMs: number): { readonly node: string; readonly forMs: number }[] {
    const { contactMs } = this;
    if (contactMs === null || nowMs - contactMs < this.afterMs) return [];
    const found: { node: string; forMs: number }[] = [];
    for (const [node, lastMs] of this.lastMs) {
      const forMs = nowMs - Math.max(lastMs, contactMs);
      if (forMs < this.afterMs || this.silent.has(node)) continue;
      this.silent.add(node);
      found.push({ node, forMs });
    }
    return found;
  }
}
