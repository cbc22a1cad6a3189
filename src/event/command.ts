import type { ListenerQuestion } from './fact.js';
import type { FileId, ImageId } from './file-id.js';
import type { FileTarget, ProbeTarget } from './guard.js';
import type { TlsLibrary, TlsStack } from './probe.js';
import type { ProcessKey } from './process-key.js';

/** `watched`: nobody's agent so far; flows and their names are told, nothing else. */
export type RootVerdict = 'agent' | 'stranger' | 'watched';

/** What the pure stages ask of the world. The answers come back as inputs. */
export type Command =
  /** Settle a root and with it all its children. */
  | { readonly do: 'verdict'; readonly root: ProcessKey; readonly verdict: RootVerdict }
  /** Put a process that existed before into a lineage. */
  | { readonly do: 'adopt'; readonly key: ProcessKey; readonly root: ProcessKey }
  /** Keep for a daemon that takes over who the agent of a root is, until its release. */
  | { readonly do: 'remember'; readonly root: ProcessKey; readonly text: string }
  /** Free the kernel's entries of processes whose root is settled as a stranger or has ended. */
  | {
      readonly do: 'release';
      readonly root: ProcessKey;
      readonly members: readonly ProcessKey[];
    }
  /** Answered by a ProcessFact. `env`: names whose values a rule asks for; `ranAt`: where it was executed, for `exeGone`. */
  | {
      readonly do: 'look_up_process';
      readonly key: ProcessKey;
      readonly env: readonly string[];
      readonly ranAt?: string;
    }
  /** Answered by one StacksFact, or by several of which the last is not `pending`. null: the system's library directories. */
  | { readonly do: 'look_up_stacks'; readonly key: ProcessKey | null }
  /** Answered by a ListenerFact. */
  | ({ readonly do: 'look_up_listener' } & ListenerQuestion)
  /** Each child of this process becomes a pending root, until `end_relay`. */
  | { readonly do: 'watch_relay'; readonly key: ProcessKey }
  | { readonly do: 'end_relay'; readonly key: ProcessKey }
  /** Answered by a ChildrenFact. */
  | { readonly do: 'look_up_children'; readonly key: ProcessKey; readonly sinceNs: bigint }
  /** Answered by an ImageFact. `through`: a process that runs it; `sha256`: a rule asks for that. */
  | {
      readonly do: 'look_up_image';
      readonly image: ImageId;
      readonly path: string;
      readonly through: ProcessKey;
      readonly sha256: boolean;
    }
  /** Answered by a UnixPeerFact. `near`: a process in that network and mount namespace. */
  | {
      readonly do: 'look_up_unix_peer';
      readonly path: string;
      readonly netns: number;
      readonly near: ProcessKey;
    }
  /** Answered by a NamedFact. */
  | { readonly do: 'look_up_named'; readonly names: readonly string[] }
  /** Answered by a SocketsFact. */
  | { readonly do: 'look_up_sockets'; readonly key: ProcessKey }
  /** Answered by a UserFact. */
  | { readonly do: 'look_up_user'; readonly uid: number }
  /** Answered by an AttachFact. `through`: a process that maps the file; null: by its path. */
  | { readonly do: 'attach'; readonly stack: TlsStack; readonly through: ProcessKey | null }
  | { readonly do: 'detach'; readonly file: FileId; readonly library: TlsLibrary }
  /** Answered by a ProbesFact. */
  | { readonly do: 'attest'; readonly targets: readonly ProbeTarget[] }
  /** Answered by a FilesFact. */
  | { readonly do: 'look_at_files'; readonly targets: readonly FileTarget[] }
  /** Answered by a HitsFact. */
  | { readonly do: 'read_hits' };
