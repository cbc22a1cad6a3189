/** What a checkpoint says of a tree. */
export interface TreeHead {
  /** Leaves. */
  readonly size: bigint;
  readonly root: Buffer;
}

/** A signed tree from which the tree can go on without its records. Before the first checkpoint: 0n and ''. */
export interface TreeState extends TreeHead {
  /** Roots of the perfect subtrees, largest first. */
  readonly range: readonly Buffer[];
  /** The signed checkpoint. */
  readonly note: string;
}

/** The root of the perfect subtree over leaves [index << level, (index + 1) << level); null: not known. */
export type NodeReader = (level: number, index: bigint) => Buffer | null;
