import type { TreeState, VerifierKey } from '../../tlog/index.js';

export interface VerifyOptions {
  /** Of the node; null: signatures cannot be checked. */
  readonly vkey: VerifierKey | null;
  /** What the signer signed last; null: not known. Read before the journal, which may be growing. */
  readonly state: TreeState | null;
  /** What is wrong with the signer's own files, a sentence each. */
  readonly problems?: readonly string[];
  /** Who cosigns; none: cosignatures are not checked. */
  readonly cosigners?: readonly VerifierKey[];
  /** Checkpoints that were kept elsewhere: signed notes. */
  readonly anchors?: readonly string[];
}

/** `intact`, `tampered`, `incomplete` and `unreadable` are explained in docs/journal.md. */
export type Verdict = 'intact' | 'tampered' | 'incomplete' | 'unreadable';

export interface FoundDamage {
  /** A file of the journal, by its path in it; or signer/state, or `anchor`. */
  readonly segment: string;
  readonly offset: number;
  readonly bytes: number;
  /** The records it is about, where that can be told. */
  readonly firstSeq?: bigint;
  readonly lastSeq?: bigint;
  readonly reason:
    | 'header'
    | 'frame'
    | 'sequence'
    | 'missing'
    | 'content'
    | 'tile'
    | 'checkpoint'
    | 'signature'
    | 'stub'
    | 'unreadable';
  readonly text: string;
}

/** Numbers that are missing and were told, both ends included. */
export interface Span {
  readonly firstSeq: bigint;
  readonly lastSeq: bigint;
}

export interface Report {
  readonly verdict: Verdict;
  readonly records: number;
  readonly first: bigint | null;
  readonly last: bigint | null;
  readonly epochs: number;
  /** Records of kind checkpoint whose signature and root hold. */
  readonly checkpoints: number;
  /** Checkpoints whose signature holds, and for whose root too little of the tree is known. */
  readonly unproved: number;
  readonly signedSize: bigint;
  readonly cosignedSize: bigint;
  /** Records behind everything that was signed. */
  readonly unsealed: bigint;
  /** Bytes behind the last record that a crash cut off. */
  readonly tornBytes: number;
  /** Records that a gateway has only the stub of. */
  readonly stubs: number;
  readonly gaps: readonly Span[];
  readonly damage: readonly FoundDamage[];
  /** Damage beyond what is listed. */
  readonly unlisted: number;
}

const MAX_LISTED = 1000;
const INCOMPLETE: readonly FoundDamage['reason'][] = ['missing', 'stub'];

/** What was found wrong, in the order it was found. */
export class Findings {
  readonly list: FoundDamage[] = [];
  unlisted = 0;
  private worst: Verdict = 'intact';

  add(damage: FoundDamage): void {
    this.raise(INCOMPLETE.includes(damage.reason) ? 'incomplete' : 'tampered');
    if (this.list.length < MAX_LISTED) this.list.push(damage);
    else this.unlisted += 1;
  }

  raise(verdict: 'tampered' | 'incomplete'): void {
    if (this.worst !== 'tampered') this.worst = verdict;
  }

  get verdict(): Verdict {
    return this.worst;
  }
}
