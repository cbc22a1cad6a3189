import { closeSync, statSync } from 'node:fs';
import type { Input, ProcessKey, Registration, RegistrationReply } from '../event/index.js';
import { GovernanceServer, governanceSocketPath } from '../governance/index.js';
import type {
  Declaration,
  DeclarationReply,
  GovernanceBackend,
  GovernanceStats,
  Limits,
} from '../governance/index.js';
import { isAlive } from '../host/index.js';
import { KernelError, peerOf } from '../kernel/index.js';
import type { Peer, Posix } from '../kernel/index.js';
import type { Log } from '../telemetry/index.js';

export interface GovernanceDoorParts {
  readonly runDir: string;
  readonly log: Log;
  readonly posix: Pick<Posix, 'peerCredentials' | 'peerPidfd' | 'pidfdOpen' | 'pidfdAlive'>;
  /** The process that has this pid now, with its exact start; null: nobody knows it. Asked once a connection. */
  readonly keyOf: (pid: number) => ProcessKey | null;
  readonly clocks: Posix['clocks'];
  readonly feed: (input: Input) => void;
  readonly register: (registration: Registration) => Promise<RegistrationReply>;
  /** What a test replaces. */
  readonly limits?: Partial<Limits>;
}

export interface GovernanceDoorStats extends GovernanceStats {
  /** Messages of processes that could not be told for certain. */
  readonly unidentified: number;
}

/** A connection and who made it. */
interface Visitor extends Peer {
  /** Found at the first message; good for as long as the process lives. */
  key: ProcessKey | null;
}

type Identity = { readonly key: ProcessKey } | { readonly error: string };

const UNIDENTIFIED =
  'the process could not be identified: it has ended, or watchfloor does not know it';
const UNSEEN =
  'the process could not be identified: it is in a pid namespace that watchfloor does not see into';

/**
 * The first door for what the layers above declare: a unix socket that every local process may use, each for itself. Who
 * speaks is what the kernel noted of the connect(2), and is checked again with every message.
 */
export class GovernanceDoor {
  readonly #server: GovernanceServer<Visitor>;
  readonly #refusals = new Set<string>();
  #unidentified = 0;
  #lastAt = 0n;

  constructor(private readonly parts: GovernanceDoorParts) {
    const backend: GovernanceBackend<Visitor> = {
      arrived: (fd) => this.#arrived(fd),
      left: ({ pidfd }) => {
        if (pidfd >= 0) closeSync(pidfd);
      },
      register: (visitor, agent, name) => this.#register(visitor, agent, name),
      declare: (visitor, declaration) => this.#declare(visitor, declaration),
    };
    this.#server = new GovernanceServer(backend, parts.limits);
  }

  /** Rejects with the errno where there can be no socket. */
  async start(): Promise<void> {
    const { runDir, log } = this.parts;
    const path = governanceSocketPath(runDir);
    await this.#server.listen(path);
    if ((statSync(runDir).mode & 0o001) === 0) {
      log.warn({ run_dir: runDir }, 'other users cannot reach governance.sock: chmod o+x run_dir');
    }
  }

  async stop(): Promise<void> {
    await this.#server.close();
  }

  stats(): GovernanceDoorStats {
    return { ...this.#server.stats(), unidentified: this.#unidentified };
  }

  #arrived(fd: number): Visitor {
    try {
      return { ...peerOf(this.parts.posix, fd), key: null };
    } catch (error) {
      const code = error instanceof KernelError ? error.code : String(error);
      // Whoever connects often must not fill the log.
      if (this.#refusals.size < 16 && !this.#refusals.has(code)) {
        this.#refusals.add(code);
        this.parts.log.warn({ code }, 'nobody can say who is at the governance socket');
      }
      throw error;
    }
  }

  async #register(
    visitor: Visitor,
    agent: string,
    name: string | null,
  ): Promise<RegistrationReply> {
    const found = this.#identify(visitor);
    if ('error' in found) return { ok: false, error: found.error };
    const registration = { key: found.key, uid: visitor.uid, agent, name, at: this.#now() };
    try {
      return await this.parts.register(registration);
    } catch (error) {
      this.parts.log.error({ reason: String(error) }, 'a registration could not be answered');
      throw error;
    }
  }

  #declare(visitor: Visitor, declaration: Declaration): DeclarationReply {
    const found = this.#identify(visitor);
    if ('error' in found) return { ok: false, error: found.error };
    const at = this.#now();
    const who = { layer: 'sdk', agent: null, process: found.key } as const;
    this.parts.feed({ input: 'governance', record: { ...who, ...declaration, at } });
    return { ok: true, id: String(at) };
  }

  /**
   * The order is the proof. While the pidfd is of a living process, its pid is nobody else's; so what was found by the pid
   * before is about the process that connected. The ticks of `/proc` tell a key that is out of date.
   */
  #identify(visitor: Visitor): Identity {
    const { posix, keyOf } = this.parts;
    const { pid, pidfd } = visitor;
    if (pid === 0) return this.#unknown(UNSEEN);
    if (pidfd < 0) return this.#unknown(UNIDENTIFIED);
    const key = visitor.key ?? keyOf(pid);
    if (key?.tgid !== pid || !isAlive(key) || !posix.pidfdAlive(pidfd)) {
      return this.#unknown(UNIDENTIFIED);
    }
    visitor.key = key;
    return { key };
  }

  #unknown(error: string): Identity {
    this.#unidentified += 1;
    return { error };
  }

  /** CLOCK_BOOTTIME, but never the same twice: it is a declaration's id. */
  #now(): bigint {
    const { bootNs } = this.parts.clocks();
    this.#lastAt = bootNs > this.#lastAt ? bootNs : this.#lastAt + 1n;
    return this.#lastAt;
  }
}
