import type {
  HostSource,
  NameService,
  NetInfo,
  Origin,
  ProcessKey,
  TlsInfo,
} from '../event/index.js';

/** Of a ClientHello, besides the names in it. */
export interface HelloSigns {
  /** The fingerprint JA4; null: not all of it was seen. */
  readonly ja4: string | null;
  /** An encrypted ClientHello is offered (or grease that looks like one): the server name may be a front's. */
  readonly ech: boolean;
  /** Version of QUIC, such as `1`; null: TLS over TCP. */
  readonly quic: string | null;
}

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
  /** What else its ClientHello shows; absent: there was none. */
  readonly hello?: HelloSigns;
  /** It asks a name server inside of TLS. */
  readonly nameService?: NameService;
  readonly connectTarget?: { readonly host: string; readonly port: number };
  readonly closed: boolean;
}

/** What a flow shows of its TLS. */
export const tlsOfFlow = ({ sni, alpn, hello, nameService }: Flow): TlsInfo => ({
  ...(sni === undefined ? {} : { sni }),
  ...(alpn === undefined ? {} : { alpn }),
  ...(hello?.ja4 ? { ja4: hello.ja4 } : {}),
  ...(hello?.ech ? { ech: true } : {}),
  ...(hello?.quic ? { quic: hello.quic } : {}),
  ...(nameService === undefined ? {} : { nameService }),
});

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
  /** A TLS ClientHello, over TCP or in QUIC; `flow` has what else it says. */
  | (ChangeBase & {
      readonly change: 'hello';
      readonly index: number;
      readonly sni: string | null;
      readonly alpn: readonly string[];
    })
  | (ChangeBase & {
      readonly change: 'dns';
      readonly index: number;
      readonly question: string;
      readonly type: string;
    })
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
  /** Flows that have begun to say something. */
  readonly openings: number;
  /** Of them, those that made room for others. */
  readonly evictedOpenings: number;
  /** ClientHellos and questions that were never whole, said as far as they came. */
  readonly partial: number;
}
