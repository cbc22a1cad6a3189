import type { ListenerQuestion, TlsStack } from './fact.js';
import type { FileId } from './kernel-event.js';
import type { ProcessKey } from './process-key.js';

/** What the pure stages ask of the world. The answers come back as inputs. */
export type Command =
  /** Settle a root and with it all its children. */
  | { readonly do: 'verdict'; readonly root: ProcessKey; readonly verdict: 'agent' | 'stranger' }
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
  /** Answered by a ProcessFact. `env`: names whose values a rule asks for. */
  | { readonly do: 'look_up_process'; readonly key: ProcessKey; readonly env: readonly string[] }
  /** Answered by a StacksFact. null: the system's library directories. */
  | { readonly do: 'look_up_stacks'; readonly key: ProcessKey | null }
  /** Answered by a ListenerFact. */
  | ({ readonly do: 'look_up_listener' } & ListenerQuestion)
  /** Answered by a UserFact. */
  | { readonly do: 'look_up_user'; readonly uid: number }
  /** Answered by an AttachFact. `through`: a process that maps the file; null: by its path. */
  | { readonly do: 'attach'; readonly stack: TlsStack; readonly through: ProcessKey | null }
  | { readonly do: 'detach'; readonly file: FileId };
