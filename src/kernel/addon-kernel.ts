import type {
  Adopted,
  Candidates,
  EnvironmentNames,
  FileId,
  HitsFact,
  KernelBatch,
  KernelPort,
  Pinning,
  ProcessKey,
  ProgramStatus,
  RootVerdict,
  TlsLibrary,
  TlsStack,
} from '../event/index.js';
import { stackId } from '../event/index.js';
import type { Sensor, SensorOptions } from '../../native/index.js';
import { KernelError, refusing, tooManyFiles } from './kernel-error.js';
import type { Addon } from './load-addon.js';
import { type Attached, hitsOf, laneAccount, notesOf, programStatus } from './native-answers.js';

export interface KernelOptions extends SensorOptions {
  /** How long a record that wakes nobody waits at most. */
  readonly pollMs: number;
  /** Bytes given in one batch at most, 128 KiB or more: the bound of one turn of the event loop. */
  readonly maxBatchBytes: number;
  /** The wire version the decoder was generated for. */
  readonly wireVersion: number;
  /** Gets what libbpf and the verifier said, line by line. */
  readonly log: (line: string) => void;
}

/** enum wf_verdict of wire.h. */
export const VERDICTS: Readonly<Record<RootVerdict, number>> = {
  agent: 2,
  stranger: 3,
  watched: 5,
};

/** One batch at the start: what happened while no daemon ran is put in the order of time over all rings. */
const CATCH_UP_BYTES = 8 * 1024 * 1024;

/** Files with probes at the same time. Each takes up to nine links. */
export const MAX_ATTACHED_FILES = 1024;

function checkWireVersion(loaded: number, expected: number): void {
  if (loaded === expected) return;
  throw new KernelError({
    message: `the kernel programs speak wire version ${loaded}, this daemon ${expected}`,
    code: 'EPROTO',
    errno: 71,
    operation: 'check wire version',
    remedy: 'run `npm run build`, which builds both from the same sources',
  });
}

/** KernelPort over the addon, in this process. */
export class AddonKernel implements KernelPort {
  readonly #sensor: Sensor;
  readonly #options: KernelOptions;
  readonly #attached = new Map<string, Attached>();
  #environment: EnvironmentNames = { values: [], marks: [] };
  #asking: readonly string[] = [];
  #onBatch: ((batch: KernelBatch) => void) | null = null;
  #stopped = false;

  constructor(addon: Addon, options: KernelOptions) {
    this.#options = options;
    this.#sensor = refusing(() => new addon.Sensor(options));
    this.#takeLog();
    try {
      checkWireVersion(this.#sensor.wireVersion, options.wireVersion);
    } catch (error) {
      this.#sensor.close();
      throw error;
    }
  }

  start(onBatch: (batch: KernelBatch) => void): readonly ProgramStatus[] {
    const { pollMs, maxBatchBytes } = this.#options;
    this.#onBatch = onBatch;
    this.#run(() => {
      this.#sensor.attach();
      this.#sensor.start(onBatch, { pollMs, maxBatchBytes });
    });
    return this.#sensor.programs().map(programStatus);
  }

  pinning(): Pinning {
    return this.#sensor.pinning();
  }

  adopted(): Adopted | null {
    const found = this.#run(() => this.#sensor.adopted());
    return found === null ? null : { lanes: found.lanes.map(laneAccount), notes: notesOf(found) };
  }

  catchUp(): boolean {
    const batch = this.#run(() => this.#sensor.drain(CATCH_UP_BYTES));
    if (batch === null) return false;
    this.#onBatch?.(batch);
    return !batch.drained;
  }

  candidates({ basenames, parents, anyExec, environment }: Candidates): void {
    this.#asking = environment;
    this.#run(() => {
      this.#sensor.setCandidates([...basenames], [...parents], anyExec);
      this.#setEnvironment();
    });
  }

  environment(names: EnvironmentNames): void {
    this.#environment = names;
    this.#run(() => {
      this.#setEnvironment();
    });
  }

  seeds(): Uint8Array {
    return this.#run(() => this.#sensor.seeds());
  }

  verdict(root: ProcessKey, verdict: RootVerdict): void {
    this.#run(() => {
      this.#sensor.setVerdict(root.tgid, root.startNs, VERDICTS[verdict]);
    });
  }

  watchRelay(key: ProcessKey): void {
    this.#run(() => {
      this.#sensor.watchRelay(key.tgid, key.startNs);
    });
  }

  endRelay(key: ProcessKey): void {
    this.#run(() => {
      this.#sensor.endRelay(key.tgid, key.startNs);
    });
  }

  adopt(key: ProcessKey, root: ProcessKey): void {
    this.#run(() => {
      this.#sensor.setScope(key.tgid, key.startNs, root.tgid, root.startNs);
    });
  }

  remember(root: ProcessKey, text: string): void {
    if (this.#sensor.pinning().state !== 'pinned') return;
    this.#run(() => {
      this.#sensor.remember(root.tgid, root.startNs, text);
    });
  }

  release(root: ProcessKey, members: readonly ProcessKey[]): void {
    this.#run(() => {
      const { tgid, startNs } = root;
      for (const member of members) {
        this.#sensor.deleteScope(member.tgid, member.startNs, tgid, startNs);
      }
      this.#sensor.deleteVerdict(tgid, startNs);
    });
  }

  attach(stack: TlsStack, fd: number): number {
    // First the old ones: a call must not be seen twice.
    this.detach(stack.file, stack.library);
    if (this.#attached.size >= MAX_ATTACHED_FILES) throw tooManyFiles(MAX_ATTACHED_FILES);
    const id = this.#run(() => this.#sensor.attachTls(fd, stack.sites));
    this.#attached.set(stackId(stack), { id, stack });
    return id;
  }

  detach(file: FileId, library: TlsLibrary): void {
    const key = stackId({ file, library });
    const attached = this.#attached.get(key);
    if (attached === undefined) return;
    this.#attached.delete(key);
    this.#run(() => {
      this.#sensor.detachTls(attached.id);
    });
  }

  hits(): HitsFact['hits'] {
    return hitsOf(
      this.#run(() => this.#sensor.hits()),
      this.#attached.values(),
    );
  }

  pause(): void {
    this.#run(() => {
      this.#sensor.pause();
    });
  }

  resume(): void {
    this.#run(() => {
      this.#sensor.resume();
    });
  }

  counters(): Uint8Array {
    return this.#run(() => this.#sensor.counters());
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#attached.clear();
    this.#sensor.pause();
    // Detached first, so that the rings do end.
    this.#sensor.detach();
    try {
      this.#drain();
    } finally {
      this.#sensor.close();
    }
  }

  /** The kernel has one table for what is told of a name and what makes it asked about. */
  #setEnvironment(): void {
    const { values, marks } = this.#environment;
    this.#sensor.setEnvironment([...values], [...marks], [...this.#asking]);
  }

  #drain(): void {
    if (this.#onBatch === null) return;
    for (let batch = this.#sensor.drain(); batch !== null; batch = this.#sensor.drain())
      this.#onBatch(batch);
    // A number is missing when the drain after the one that knew of it has not brought it: nothing comes any more, so
    // the first of these says which were taken, and the second that none of them is on its way.
    const end = { bytes: new Uint8Array(0), drained: true, counters: this.#sensor.counters() };
    this.#onBatch(end);
    this.#onBatch(end);
  }

  #run<T>(call: () => T): T {
    try {
      return refusing(call);
    } finally {
      this.#takeLog();
    }
  }

  #takeLog(): void {
    for (const line of this.#sensor.takeLog()) this.#options.log(line);
  }
}
