import type { Given, Redaction } from '../record/index.js';
import { PATTERNS } from './patterns.js';
import type { RedactionKind } from './patterns.js';

/** Takes a secret, gives what stands in its place: `[kind:bytes]`. A mark stays itself. */
export type Mark = (kind: RedactionKind, secret: string) => string;

/** Counts what was taken out of one record, by field and kind. */
export class Redactions {
  private readonly counts = new Map<string, { field: string; kind: string; count: number }>();

  /** The mark of one field, such as `process.argv`. */
  of(field: string): Mark {
    return (kind, secret) => {
      if (secret === '' || PATTERNS.marker.test(secret)) return secret;
      const key = `${field} ${kind}`;
      const item = this.counts.get(key) ?? { field, kind, count: 0 };
      item.count += 1;
      this.counts.set(key, item);
      return `[${kind}:${Buffer.byteLength(secret)}]`;
    };
  }

  /** null: nothing was taken out. */
  list(): Given<Redaction> | null {
    return this.counts.size === 0 ? null : { items: [...this.counts.values()] };
  }
}
