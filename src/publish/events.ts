import type { RefusalKind } from '../nats/index.js';

/** What an operator should hear of publishing; never about one record more than once. */
export type PublishEvent =
  /** Nothing was acknowledged for so long although records wait. */
  | { readonly event: 'stalled'; readonly afterMs: number; readonly backlog: bigint }
  | { readonly event: 'resumed'; readonly afterMs: number; readonly backlog: bigint }
  /** The server does not store what is sent; said once for each reason until everything is acknowledged. */
  | {
      readonly event: 'rejected';
      readonly reason: RefusalKind;
      readonly text: string;
      readonly seq: bigint;
      readonly subject: string;
    }
  | { readonly event: 'stream'; readonly stream: string; readonly problems: readonly string[] }
  /** No cursor that can be used: it begins behind `from`. */
  | {
      readonly event: 'cursor';
      readonly stream: string;
      readonly reason: string;
      readonly from: bigint;
    }
  /** Records that were gone before they could be sent. */
  | { readonly event: 'missed'; readonly firstSeq: bigint; readonly lastSeq: bigint }
  /** Acknowledged, and never cosigned: everything behind `from` is sent again. */
  | { readonly event: 'forgot'; readonly from: bigint; readonly to: bigint }
  | { readonly event: 'cosigned'; readonly size: bigint };
