import { join } from 'node:path';
import type { RunRequest } from '../cli/index.js';
import { pipelineSettings } from '../config/index.js';
import type { Config } from '../config/index.js';
import { Evaluation } from '../evaluation.js';
import { groupId, openHost, readPlatform } from '../host/index.js';
import type { Platform } from '../host/index.js';
import { Journal } from '../journal/index.js';
import type { Opened } from '../journal/index.js';
import { openKernel, posix as loadPosix } from '../kernel/index.js';
import type { Posix } from '../kernel/index.js';
import type { HostPort, KernelPort } from '../event/index.js';
import { readSocketPath } from '../readapi/index.js';
import { createLog } from '../telemetry/index.js';
import type { Log } from '../telemetry/index.js';
import { CommandRunner } from './command-runner.js';
import { Daemon } from './daemon.js';
import { Evidence } from './evidence.js';
import { exactKeys } from './exact-keys.js';
import { Feeder } from './feeder.js';
import { openDoor } from './door.js';
import { boundHeap } from './heap.js';
import { kernelOptions } from './kernel-options.js';
import { readLastRun } from './last-run.js';
import { LiveRecords } from './live-records.js';
import { lockDirectory, prepareDirectory } from './lock.js';
import { OwnRecords } from './own-records.js';
import { Publishing } from './publishing.js';
import { createRecorder } from './recorder.js';
import { openPinDirectory } from './pin-directory.js';
import type { PinDirectory } from './pin-directory.js';
import { Questions } from './questions.js';
import { asCliError, refuseMachine } from './refusal.js';
import { Resolutions } from './resolutions.js';
import { SelfReport } from './self-report.js';
import { startSigning } from './signing.js';
import type { Signing } from './signing.js';
import { ToldSessions } from './told-sessions.js';
import { onSignals } from './signals.js';

const DAY_MS = 86_400_000;

/** Who may read the socket, where there is such a group. */
const GROUP = 'watchfloor';

/** Runs until SIGTERM or SIGINT. Throws a CliError for what the machine refuses at the start. */
export const runDaemon = async (request: RunRequest, version: string): Promise<number> => {
  try {
    return await run(request, version);
  } catch (error) {
    throw asCliError(error);
  }
};

const run = async (request: RunRequest, version: string): Promise<number> => {
  const { config } = request.loaded;
  const log = createLog(request.logLevel);
  const platform = readPlatform();
  refuseMachine(platform);
  const posix = loadPosix();
  boundHeap();
  // No core dump and no ptrace of a process that holds plaintext.
  posix.setDumpable(false);
  prepareDirectory(config.state_dir, 0o700);
  prepareDirectory(config.run_dir, 0o755);
  const unlockState = lockDirectory(config.state_dir, 'state', posix);
  try {
    const unlockRun = lockDirectory(config.run_dir, 'run', posix);
    try {
      const pins = config.sensor.pin ? openPinDirectory(config.pin_dir, posix) : null;
      try {
        return await runLocked({ request, version, log, posix, platform, pins });
      } finally {
        if (pins !== null && 'path' in pins) pins.release();
      }
    } finally {
      unlockRun();
    }
  } finally {
    unlockState();
  }
};

interface World {
  readonly request: RunRequest;
  readonly version: string;
  readonly log: Log;
  readonly posix: Posix;
  readonly platform: Platform;
  /** null: the kernel state is to end with the daemon. */
  readonly pins: PinDirectory | null;
}

/** Everything is closed in the reverse order of its opening, whatever happens between. */
const runLocked = async (world: World): Promise<number> => {
  const { config } = world.request.loaded;
  const settings = pipelineSettings(config, world.platform.bootId);
  const signing = await startSigning(config.state_dir, settings, world.log);
  try {
    const opened = Journal.open(journalDirOf(config), {
      anchor: signing.state,
      maxBytes: config.journal.max_bytes,
      maxAgeMs: config.journal.max_age_days * DAY_MS,
    });
    try {
      await watch(world, opened, signing);
    } finally {
      await opened.journal.close();
      for (const { cause, count } of opened.journal.losses()) {
        world.log.error({ cause, count }, 'records are not in the journal');
      }
    }
  } finally {
    await signing.signer?.stop();
  }
  world.log.info({}, 'stopped');
  return 0;
};

const journalDirOf = ({ state_dir: stateDir }: Config): string => join(stateDir, 'journal');

const watch = async (world: World, opened: Opened, signing: Signing): Promise<void> => {
  const { config } = world.request.loaded;
  const { pins, platform, log } = world;
  const pinDirectory = pins !== null && 'path' in pins ? pins.path : null;
  const kernel = openKernel(kernelOptions(config, platform, log, pinDirectory));
  try {
    await serve(world, opened.journal, assemble(world, opened, signing, kernel));
  } finally {
    kernel.stop();
  }
};

/** The daemon, and what is started behind it. */
interface Assembled {
  readonly daemon: Daemon;
  readonly publish: () => Publishing | null;
  readonly kernel: KernelPort;
  readonly host: HostPort;
  readonly feeder: Feeder;
}

const assemble = (
  { request, version, log, posix, platform, pins }: World,
  { journal, found }: Opened,
  { signer, vkey }: Signing,
  kernel: KernelPort,
): Assembled => {
  const { loaded, reload } = request;
  const { config } = loaded;
  const journalDir = journalDirOf(config);
  const settings = pipelineSettings(config, platform.bootId);
  const { epoch, nextSeq } = journal.stats();
  const recorder =
    request.record === null ? null : createRecorder(request.record, { settings, epoch, nextSeq });
  const bootNs = (): bigint => posix.clocks().bootNs;
  const host = hostOf(config, kernel, () => feeder);
  const told = new ToldSessions(config.state_dir, platform.bootId);
  const runner = new CommandRunner(kernel, host, log, bootNs);
  const feeder: Feeder = new Feeder({
    evaluation: new Evaluation(settings),
    journal,
    recorder,
    run: (command) => runner.run(command),
    journaled: (body, seq) => {
      evidence.journaled(body, seq);
      told.journaled(body, seq);
    },
  });
  const own = new OwnRecords(epoch, bootNs);
  const report = new SelfReport({ feeder, own, log });
  let publishing: Publishing | null = null;
  const evidence: Evidence = new Evidence({
    ...{ journal, signer, feeder, own, report, log, version, kernel: platform.kernel },
    publish: () => publishing?.stats() ?? null,
    snapshot: () => feeder.evaluation.pipeline.snapshot(),
    hasGateway: config.publish.gateway_key !== null,
  });
  const daemon = new Daemon({
    ...{ version, loaded, reload, platform, posix, log, kernel, recorder, runner, feeder, own },
    ...{ told, journal, found, signer, vkey: vkey ?? '', evidence, report },
    lastRun: readLastRun(journalDir, nextSeq, platform.bootId),
    pinRefusal: pins !== null && 'refused' in pins ? pins.refused : null,
  });
  const publish = (): Publishing | null => {
    const { node } = settings;
    publishing = Publishing.start({ config, node, journalDir, journal, vkey, feeder, own, log });
    daemon.publishes(publishing);
    return publishing;
  };
  return { daemon, publish, kernel, host, feeder };
};

const hostOf = (config: Config, kernel: KernelPort, feeder: () => Feeder): HostPort =>
  openHost({
    exactKeys: (pids) => exactKeys(kernel, pids),
    later: (fact) => {
      feeder().feed({ input: 'fact', fact });
    },
    resolved: new Resolutions(config.state_dir),
  });

const serve = async (
  { request, posix, log }: World,
  journal: Journal,
  { daemon, publish, kernel, host, feeder }: Assembled,
): Promise<void> => {
  const { loaded, environment } = request;
  const questions = new Questions({ pipeline: () => feeder.evaluation.pipeline, kernel, host });
  const door = openDoor({ config: loaded.config, log, posix, kernel, host, feeder });
  const live: LiveRecords = new LiveRecords(journalDirOf(loaded.config), journal, {
    status: () => daemon.status(live.server.stats()),
    agents: () => questions.agents(),
    coverage: () => questions.coverage(),
    explain: (pid) => questions.explain(pid),
  });
  const asked = new Promise<string>((resolve) => {
    onSignals({
      stop: resolve,
      reload: () => {
        daemon.reload();
      },
    });
  });
  await daemon.start();
  const publishing = publish();
  await door.start();
  await live.server.listen(readSocketPath(loaded.config.run_dir), groupId(GROUP));
  const watchdog = startWatchdog(environment.watchdogUsec, posix);
  posix.sdNotify('READY=1');
  log.info({ run_dir: loaded.config.run_dir, state_dir: loaded.config.state_dir }, 'ready');
  const signal = await asked;
  posix.sdNotify('STOPPING=1');
  clearInterval(watchdog);
  await door.stop();
  await daemon.stop(signal);
  live.publish();
  await live.server.close();
  await publishing?.stop();
};

/** Twice as often as systemd wants to hear it, from the loop that does all the work. */
const startWatchdog = (usec: number | null, posix: Posix): NodeJS.Timeout | undefined =>
  usec === null
    ? undefined
    : setInterval(() => {
        posix.sdNotify('WATCHDOG=1');
      }, usec / 2000);
