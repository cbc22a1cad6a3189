import type { HostSource, NetInfo, Origin, ProcessKey } from '../event/index.js';

/** One conversation of one socket. A live view: its fields move on as events come. */
export interface Flow {
  /** Unique for one run of the daemon. */
  readonly id: string;
  readonly cookie: bigint;
  readonly key: ProcessKey;
  readonly root: ProcessKey | null;
  /** The best known now: `host` starts as the address and only ever gets stronger. */
  readonly net: NetInfo;
  /** Inode of the network namespace; 0: not known. */
  readonly netns: number;
  readonly openedNs: bigint;
  /** It was opened while its root had no verdict: what it sent at once was not read. */
  readonly pending: boolean;
  /** Of the event that opened it. */
  readonly origin: Origin;
  readonly sni?: string;
  readonly alpn?: readonly string[];
  readonly connectTarget?: { readonly host: string; readonly port: number };
  readonly closed: boolean;
}

interface ChangeBase {
  readonly flow: Flow;
  /** Of the event that changed it; of the flow's first event when time did. */
  readonly origin: Origin;
}

export type FlowChange =
  /** Exactly once for each flow; `flow.net.result` says how. Absent there: the table was full before it was known. */
  | (ChangeBase & { readonly change: 'settled' })
  /** `flow.net.host` became stronger; before `settled` when both come at once. */
  | (ChangeBase & {
      readonly change: 'named';
      readonly host: string;
      readonly source: HostSource;
    })
  /** A TLS ClientHello. */
  | (ChangeBase & {
      readonly change: 'hello';
      readonly sni: string | null;
      readonly alpn: readonly string[];
    })
  | (ChangeBase & { readonly change: 'dns'; readonly question: string; readonly type: string })
  | (ChangeBase & { readonly change: 'closed' });

export interface FlowStats {
  readonly flows: number;
  readonly ties: number;
  readonly evictedFlows: number;
  readonly evictedTies: number;
  /** Connects without a state change within 5 s. */
  readonly unanswered: number;
  /** Events of an attempt that was already given up. */
  readonly late: number;
  /** Evidence against a tie; not followed. */
  readonly contradictions: number;
  /** A guessed tie replaced by stronger evidence. */
  readonly corrections: number;
  /** DNS or ClientHello bytes that could not be read. */
  readonly malformed: number;
}
