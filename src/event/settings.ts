/** What the pure rooms need of the configuration. Made by config/, never read from files elsewhere. */

export interface Governance {
  readonly proxy: 'required' | 'optional' | 'none';
  readonly sdk: 'required' | 'optional' | 'none';
  /** `loopback`, `dns`, a host glob, a CIDR or a port number as text. */
  readonly exempt: readonly string[];
}

export interface AgentRule {
  /** org/team/agent */
  readonly id: string;
  /** All given must match; within one list any. Globs know `*` and `?`. */
  readonly match: {
    readonly exe?: readonly string[];
    /** Matched against the command line joined by spaces. */
    readonly argv?: readonly string[];
    readonly user?: readonly string[];
    readonly cgroup?: readonly string[];
    readonly unit?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    /** `major:minor:inode`, decimal. */
    readonly file?: readonly string[];
    /** Lower-case hexadecimal. */
    readonly sha256?: readonly string[];
    readonly build_id?: readonly string[];
  };
  readonly governance: Governance;
}

/** A proxy is trusted by the account and the file of whoever listens there. */
export interface TrustedProxy {
  /** `address:port`, IPv6 in brackets. */
  readonly listen: string;
  readonly user: string | null;
  readonly exe: string | null;
}

export interface PipelineSettings {
  readonly node: string;
  readonly tenant: string;
  /** The kernel's boot id: sessions are named after it. */
  readonly bootId: string;
  readonly signatures: boolean;
  /** Whatever speaks to a model's host is an agent, too. */
  readonly inference: boolean;
  readonly rules: readonly AgentRule[];
  readonly defaultGovernance: Governance;
  readonly proxies: readonly TrustedProxy[];
  readonly windowMs: number;
  /** Host globs: the built-in list and the configured ones. */
  readonly modelHosts: readonly string[];
}
