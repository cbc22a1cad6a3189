/** A stream as whoever comes first makes it. */
export interface StreamSpec {
  readonly name: string;
  readonly subject: string;
  /** null: nothing goes by age. */
  readonly maxAgeMs: number | null;
}

export const DAY_MS = 86_400_000;
export const NS_PER_MS = 1_000_000;
/** nats-server's default, too: in this time it stores a message id once. */
export const DUPLICATE_WINDOW_MS = 120_000;

export const WATCHFLOOR_STREAM: StreamSpec = {
  name: 'WATCHFLOOR',
  subject: 'watchfloor.v1.>',
  maxAgeMs: 7 * DAY_MS,
};

/** As Agent Assembly's gateway makes it when it comes first. */
export const AUDIT_STREAM: StreamSpec = {
  name: 'AUDIT',
  subject: 'assembly.audit.>',
  maxAgeMs: null,
};
