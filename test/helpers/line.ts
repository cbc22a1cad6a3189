/** One line of `tail -o json`, as far as the tests look at it. The JSON Schema in the repository is the whole of it. */
export interface Line {
  readonly seq: number | string;
  readonly kind: string;
  readonly event_id: string;
  readonly ts: string;
  readonly claim: string;
  readonly agent?: { readonly id: string; readonly session: string };
  readonly process?: {
    readonly pid: number;
    readonly start_ns: number | string;
    readonly ppid: number;
    readonly exe: string;
    readonly argv: readonly string[];
    readonly chain: readonly { readonly pid: number; readonly exe: string }[];
  };
  readonly net?: {
    readonly proto: string;
    readonly src_ip: string;
    readonly src_port: number;
    readonly dst_ip: string;
    readonly dst_port: number;
    readonly host?: string;
    readonly result?: string;
  };
  readonly http?: {
    readonly method: string;
    readonly host: string;
    readonly path: string;
    readonly status: number;
  };
  readonly tls?: { readonly sni?: string; readonly library?: string };
  readonly finding?: { readonly rule: string; readonly summary: string };
  readonly gap?: {
    readonly stage: string;
    readonly cause: string;
    readonly count: number | string;
    readonly first_seq?: number | string;
    readonly last_seq?: number | string;
  };
  readonly coverage?: { readonly state: string; readonly reason: string; readonly path?: string };
  readonly sensor?: {
    readonly event: string;
    readonly detail: string;
    readonly fields?: Readonly<Record<string, string>>;
  };
}

/** Lines of one kind. */
export function ofKind(lines: readonly Line[], kind: string): Line[] {
  return lines.filter((line) => line.kind === kind);
}

/** Findings of one rule. */
export function findings(lines: readonly Line[], rule: string): Line[] {
  return lines.filter((line) => line.finding?.rule === rule);
}
