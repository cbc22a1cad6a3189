/** What a node's book has to say; the gateway makes findings and records of it. */
export type BookEvent =
  /** The key a node is held to from now on. */
  | { readonly event: 'pinned'; readonly vkey: string }
  /** `missing`: they did not come in time. `node`: the node itself says that it lost them; `have`: they are here. */
  | {
      readonly event: 'gap';
      readonly firstSeq: bigint;
      readonly lastSeq: bigint;
      readonly cause: 'missing' | 'node';
      readonly have: boolean;
    }
  /** What was missing came after all. */
  | { readonly event: 'filled'; readonly firstSeq: bigint; readonly lastSeq: bigint }
  /** The copy goes on behind a signed tree; these numbers are not in it. */
  | {
      readonly event: 'skipped';
      readonly firstSeq: bigint;
      readonly lastSeq: bigint;
      /** The node proved that its tree extends what we have. */
      readonly proven: boolean;
    }
  | {
      readonly event: 'conflict';
      readonly rule: 'node.rollback' | 'node.equivocation';
      readonly summary: string;
      readonly evidence: readonly string[];
    }
  /** From now on nothing of this node is cosigned, until somebody has looked. */
  | { readonly event: 'held'; readonly reason: string };
