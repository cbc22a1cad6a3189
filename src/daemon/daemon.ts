import { ConfigError, pipelineSettings } from '../config/index.js';
import type { LoadedConfig } from '../config/index.js';
import type { KernelPort, Pinning, ProcessKey, ProgramStatus } from '../event/index.js';
import { processId } from '../event/index.js';
import type { Platform } from '../host/index.js';
import type { Found, Journal } from '../journal/index.js';
import type { Posix } from '../kernel/index.js';
import type { Recorder } from '../recording/index.js';
import type { Signer } from '../signer/index.js';
import { assembleStatus } from '../telemetry/index.js';
import type { Log, Status } from '../telemetry/index.js';
import { BackPressure } from './back-pressure.js';
import type { CommandRunner } from './command-runner.js';
import { configFields, needsRestart } from './configured.js';
import type { Evidence } from './evidence.js';
import type { Feeder } from './feeder.js';
import { JournalGaps } from './journal-gaps.js';
import type { LastRun } from './last-run.js';
import { STOP_EVENT } from './last-run.js';
import type { SelfReport } from './self-report.js';
import type { OwnRecords } from './own-records.js';
import type { Publishing } from './publishing.js';
import { takeOver } from './take-over.js';
import type { ReaderStats } from '../readapi/index.js';
import type { ToldSessions } from './told-sessions.js';

const TICK_MS = 100;

/** By then every process that was there before has been looked at again. */
const SETTLE_MS = 5000;

export interface DaemonParts {
  readonly version: string;
  readonly loaded: LoadedConfig;
  readonly reload: () => LoadedConfig;
  readonly platform: Platform;
  readonly posix: Posix;
  readonly log: Log;
  readonly kernel: KernelPort;
  readonly journal: Journal;
  readonly lastRun: LastRun;
  readonly found: Found;
  /** null: nobody signs. */
  readonly signer: Pick<Signer, 'stats' | 'state' | 'vkey'> | null;
  /** The node's verifier key, whether or not it signs now; empty: it has none yet. */
  readonly vkey: string;
  readonly evidence: Evidence;
  readonly report: SelfReport;
  readonly told: ToldSessions;
  readonly recorder: Recorder | null;
  readonly runner: CommandRunner;
  readonly feeder: Feeder;
  readonly own: OwnRecords;
  /** Why the kernel state could not be given a place that outlives the daemon. */
  readonly pinRefusal: string | null;
}

/** The sensors from their start to their end. What it is made of is opened and closed by runDaemon. */
export class Daemon {
  readonly #startedMs = Date.now();
  readonly #pressure: BackPressure;
  readonly #gaps: JournalGaps;
  #loaded: LoadedConfig;
  #programs: readonly ProgramStatus[] = [];
  #ticks: NodeJS.Timeout | null = null;
  #unwatch: (() => void) | null = null;
  #recording = true;
  #stalled: string | null = null;
  #publishing: Publishing | null = null;
  constructor(private readonly parts: DaemonParts) {
    this.#loaded = parts.loaded;
    this.#pressure = new BackPressure(parts.kernel);
    this.#gaps = new JournalGaps(parts.journal, parts.own);
  }

  /** Throws a KernelError when the kernel refuses every sensor. */
  async start(): Promise<void> {
    const { feeder, kernel, own, version, platform, report, found, lastRun } = this.parts;
    // First of all inputs: it tells what time it is.
    feeder.feed({ input: 'tick', ...this.parts.posix.clocks() });
    report.link(found, this.parts.vkey);
    this.#ask();
    this.#programs = kernel.start((batch) => {
      feeder.feed({ input: 'batch', ...batch });
      this.#pressure.check(this.parts.journal.stats());
    });
    // A pause is as short as it can be: the rings fill meanwhile.
    this.#unwatch = this.parts.journal.onCommit(() => {
      this.#pressure.check(this.parts.journal.stats());
    });
    report.started(this.#programs, { version, kernel: platform.kernel });
    report.pinned(this.#pinning());
    report.lastRun(lastRun, found, kernel.pinning().adopted);
    if (this.parts.signer === null) report.unsigned();
    feeder.say(own.config('loaded', this.#loaded.file ?? 'defaults', configFields(this.#loaded)));
    await takeOver(kernel, feeder, this.parts.journal, this.parts.told.sessions);
    this.#ticks = setInterval(() => {
      this.#tick();
    }, TICK_MS);
  }

  /** What it does belongs to the status; it is started and stopped by runDaemon. */
  publishes(publishing: Publishing | null): void {
    this.#publishing = publishing;
  }

  /** Detaches, evaluates what the rings still held, says goodbye and has all of it signed. Idempotent. */
  async stop(why: string): Promise<void> {
    if (this.#ticks === null) return;
    clearInterval(this.#ticks);
    this.#ticks = null;
    this.#unwatch?.();
    const { kernel, runner, feeder, own, evidence, recorder } = this.parts;
    kernel.stop();
    runner.letGo();
    this.#tick();
    feeder.say(own.sensor(STOP_EVENT, why));
    await evidence.seal();
    recorder?.close();
  }

  /** Reads the configuration again; a bad one leaves everything as it is. */
  reload(): void {
    const { feeder, own, log, kernel, platform } = this.parts;
    try {
      const loaded = this.parts.reload();
      if (needsRestart(loaded) !== needsRestart(this.#loaded)) {
        log.warn({}, 'directories, rings and publishing are taken over at the next start only');
      }
      this.#loaded = loaded;
      const before = this.#roots();
      feeder.say(own.config('reloaded', loaded.file ?? 'defaults', configFields(loaded)));
      feeder.restart(pipelineSettings(loaded.config, platform.bootId));
      this.#ask();
      const { sessions } = this.parts.told;
      if (sessions.length > 0) feeder.feed({ input: 'told', sessions });
      feeder.feed({ input: 'seeds', bytes: kernel.seeds() });
      setTimeout(() => {
        this.#forget(before);
      }, SETTLE_MS).unref();
      log.info({ config: loaded.file ?? 'defaults' }, 'configuration reloaded');
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      log.error(
        { problems: error.message.split('\n') },
        'configuration rejected: the old one stays',
      );
      feeder.say(own.config('rejected', error.message));
    }
  }

  status(readers: ReaderStats): Status {
    const { version, platform, journal, signer, feeder, runner, recorder } = this.parts;
    const settings = pipelineSettings(this.#loaded.config, platform.bootId);
    const { agents, ...pipeline } = feeder.evaluation.pipeline.snapshot();
    return assembleStatus({
      version,
      node: settings.node,
      tenant: settings.tenant,
      pid: process.pid,
      bootId: platform.bootId,
      epoch: journal.stats().epoch,
      startedMs: this.#startedMs,
      nowMs: Date.now(),
      kernel: platform.kernel,
      configFile: this.#loaded.file,
      programs: this.#programs,
      pinning: this.#pinning(),
      journal: { ...journal.stats(), cosigned: journal.cosigned, losses: journal.losses() },
      signer: signer === null ? null : { ...signer.stats(), size: signer.state.size },
      publish: this.#publishing?.stats() ?? null,
      pipeline: { agents: agents.length, ...pipeline },
      readers: { ...readers },
      commands: runner.counts,
      recording:
        recorder === null
          ? null
          : `${recorder.path}: ${recorder.state.state}, ${recorder.bytes} bytes`,
      paused: this.#pressure.paused,
    });
  }

  #tick(): void {
    const { feeder, posix, journal, evidence } = this.parts;
    const clocks = posix.clocks();
    feeder.feed({ input: 'tick', ...clocks });
    for (const gap of this.#gaps.check()) feeder.say(gap);
    const stats = journal.stats();
    this.#pressure.check(stats);
    this.#watchDisk(stats.stalled);
    this.#watchRecorder();
    evidence.check(clocks.bootNs);
    this.parts.told.committed(journal.committed);
  }

  /** What the kernel asks about and tells, by the configuration now in force. */
  #ask(): void {
    const { kernel, feeder } = this.parts;
    const { pipeline } = feeder.evaluation;
    kernel.candidates(pipeline.candidates());
    kernel.environment(pipeline.environment());
  }

  #pinning(): Pinning {
    const { kernel, pinRefusal } = this.parts;
    const pinning = kernel.pinning();
    return pinRefusal === null ? pinning : { ...pinning, state: 'refused', detail: pinRefusal };
  }

  #watchDisk(stalled: string | null): void {
    if (stalled === this.#stalled) return;
    this.#stalled = stalled;
    const { log } = this.parts;
    if (stalled === null) log.info({}, 'the journal takes records again');
    else log.error({ code: stalled }, 'the journal takes nothing: make room on its disk');
  }

  #watchRecorder(): void {
    const { recorder, log, feeder, own } = this.parts;
    if (recorder === null || !this.#recording || recorder.state.state === 'recording') return;
    this.#recording = false;
    const { state, reason } = recorder.state;
    log.warn({ file: recorder.path, state, reason }, 'the recording has ended');
    feeder.say(
      own.sensor('recording', `the recording ${state}: ${reason}`, { file: recorder.path }),
    );
  }

  #roots(): readonly ProcessKey[] {
    const { agents } = this.parts.feeder.evaluation.pipeline.snapshot();
    return agents.map(({ rootPid, rootStartNs }) => ({ tgid: rootPid, startNs: rootStartNs }));
  }

  /** Roots that are no agents any more by the configuration now in force. */
  #forget(before: readonly ProcessKey[]): void {
    const now = new Set(this.#roots().map(processId));
    for (const root of before) {
      if (!now.has(processId(root)))
        this.parts.runner.run({ do: 'verdict', root, verdict: 'stranger' });
    }
  }
}
