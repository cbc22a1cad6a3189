import { closeSync } from 'node:fs';
import type {
  AttachFact,
  Command,
  HostFact,
  HostPort,
  KernelPort,
  ProcessKey,
  TlsStack,
} from '../event/index.js';
import { KernelError } from '../kernel/index.js';
import type { Log } from '../telemetry/index.js';
import { childrenFact } from './exact-keys.js';

/** Commands carried out and refused, by what they do. */
export type CommandCounts = Record<string, number>;

/** Carries out what the pure stages ask for. What the kernel refuses is counted, and logged once for each reason. */
export class CommandRunner {
  readonly counts: CommandCounts = {};
  readonly #logged = new Set<string>();
  #isLetGo = false;

  constructor(
    private readonly kernel: KernelPort,
    private readonly host: HostPort,
    private readonly log: Log,
    private readonly bootNs: () => bigint,
  ) {}

  /** The kernel was let go: what it cannot do any more is no answer. */
  letGo(): void {
    this.#isLetGo = true;
  }

  /** The answer, which becomes the next input; null when there is none. */
  run(command: Command): HostFact | null {
    this.#count(command.do);
    try {
      return this.#carryOut(command);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (!this.#isLetGo) this.#refused(command.do, error);
      return null;
    }
  }

  #carryOut(command: Command): HostFact | null {
    switch (command.do) {
      case 'verdict':
        this.kernel.verdict(command.root, command.verdict);
        return null;
      case 'adopt':
        this.kernel.adopt(command.key, command.root);
        return null;
      case 'remember':
        this.kernel.remember(command.root, command.text);
        return null;
      case 'release':
        this.kernel.release(command.root, command.members);
        return null;
      case 'look_up_process':
        return this.host.processFact(command.key, command.env, command.ranAt);
      case 'look_up_stacks':
        return this.host.stacksFact(command.key);
      case 'look_up_listener':
        return this.host.listenerFact(command);
      case 'look_up_user':
        return this.host.userFact(command.uid);
      case 'watch_relay':
        this.kernel.watchRelay(command.key);
        return null;
      case 'end_relay':
        this.kernel.endRelay(command.key);
        return null;
      case 'look_up_children':
        return childrenFact(this.kernel, command.key, command.sinceNs);
      case 'look_up_image':
        return this.host.imageFact(command);
      case 'look_up_unix_peer':
        return this.host.unixPeerFact(command);
      case 'look_up_named':
        return this.host.namedFact(command.names);
      case 'look_up_sockets':
        return this.host.socketsFact(command.key);
      case 'attach':
        return this.#attach(command.stack, command.through);
      case 'detach':
        return this.#detach(command);
      case 'attest':
        return this.host.probesFact(command.targets);
      case 'look_at_files':
        return this.host.filesFact(command.targets);
      case 'read_hits':
        return { fact: 'hits', bootNs: this.bootNs(), hits: this.kernel.hits() };
    }
  }

  #detach(stack: Pick<AttachFact, 'file' | 'library'>): AttachFact {
    this.kernel.detach(stack.file, stack.library);
    return this.#became(stack, { state: 'detached' });
  }

  #attach(stack: TlsStack, through: ProcessKey | null): AttachFact {
    const failed = (error: string): AttachFact => this.#became(stack, { state: 'failed', error });
    const fd = this.host.openStack(stack, through);
    if (fd === null) return failed('the file is gone or is another one now');
    try {
      const attachment = this.kernel.attach(stack, fd);
      return this.#became(stack, { state: 'attached', attachment });
    } catch (error) {
      if (!(error instanceof KernelError) || this.#isLetGo) throw error;
      this.#refused('attach', error);
      return failed(error.code);
    } finally {
      closeSync(fd);
    }
  }

  #became(
    { file, library }: Pick<AttachFact, 'file' | 'library'>,
    state: Pick<AttachFact, 'state' | 'error' | 'attachment'>,
  ): AttachFact {
    return { fact: 'attach', file, library, bootNs: this.bootNs(), ...state };
  }

  #refused(what: Command['do'], error: KernelError): void {
    this.#count(`${what}_refused`);
    const { code, operation, remedy } = error;
    const reason = `${what} ${code} ${operation}`;
    // Operations and codes are few: what is watched cannot fill this set.
    if (this.#logged.has(reason)) return;
    this.#logged.add(reason);
    this.log.warn({ command: what, code, operation, remedy }, 'the kernel refused a command');
  }

  #count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }
}
