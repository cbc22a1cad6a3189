import { join } from 'node:path';
import type { Config } from '../config/index.js';
import { Mirror } from '../journal/index.js';
import {
  ensureStream,
  NatsLink,
  publishOne,
  PullConsumer,
  WATCHFLOOR_STREAM,
} from '../nats/index.js';
import type { NatsSettings } from '../nats/index.js';
import { cosignSubject } from '../subject/index.js';
import { createLog } from '../telemetry/index.js';
import type { Log, LogLevel } from '../telemetry/index.js';
import { Cosigner } from './cosigner.js';
import { Gateway } from './gateway.js';
import { Intake } from './intake.js';
import { Nodes } from './nodes.js';
import { OwnJournal } from './own-journal.js';
import { tellFound } from './own-losses.js';
import { OwnValues } from './own-values.js';
import { asCliError } from './refusal.js';
import { Reporter } from './reporter.js';
import { SilenceWatch } from './silence-watch.js';
import { makeDirectory } from './small-file.js';
import { Witness } from './witness.js';

/** What the gateway cannot do for itself. */
export interface GatewayHost {
  readonly version: string;
  readonly bootId: string;
  /** CLOCK_BOOTTIME, nanoseconds. */
  readonly bootNs: () => bigint;
  /** Holds a directory against a second gateway, until the answer is called. Throws where one holds it. */
  readonly lock: (directory: string) => () => void;
  /** Tells the service manager, where there is one. */
  readonly notify: (state: string) => void;
  readonly stop: AbortSignal;
}

export interface GatewayRequest {
  readonly config: Config['gateway'];
  readonly journal: Config['journal'];
  readonly nats: NatsSettings;
  readonly logLevel: LogLevel;
}

const DAY_MS = 86_400_000;
const MAX_NODES = 16_384;
/** Of one node: a minute of a busy one. */
const REORDER = { maxRecords: 16_384, maxBytes: 8 << 20 };
const MAX_WAITING_BYTES = 128 << 20;
const RETRY_MS = 1000;

/** The verifier key that nodes have in `publish.gateway_key`; made where there is none. Throws a CliError. */
export async function gatewayKey({ config }: Pick<GatewayRequest, 'config'>): Promise<string> {
  try {
    makeDirectory(config.state_dir);
    return (await Witness.open(config.state_dir, config.name)).vkey;
  } catch (error) {
    throw asCliError(error, config.state_dir);
  }
}

/** Runs until it is told to stop; the exit code. Throws a CliError for what the machine refuses at the start. */
export async function runGateway(request: GatewayRequest, host: GatewayHost): Promise<number> {
  const { state_dir: stateDir } = request.config;
  try {
    makeDirectory(stateDir);
    const unlock = host.lock(stateDir);
    try {
      return await runLocked(request, host);
    } finally {
      unlock();
    }
  } catch (error) {
    throw asCliError(error, stateDir);
  }
}

/** Everything is closed in the reverse order of its opening, whatever happens between. */
async function runLocked(request: GatewayRequest, host: GatewayHost): Promise<number> {
  const { config, journal } = request;
  const log = createLog(request.logLevel);
  const witness = await Witness.open(config.state_dir, config.name);
  const own = await OwnJournal.open({
    stateDir: config.state_dir,
    gateway: config.name,
    bootId: host.bootId,
    bootNs: host.bootNs,
    maxBytes: journal.max_bytes,
    maxAgeMs: journal.max_age_days * DAY_MS,
  });
  const nodes = openNodes(config);
  const link = NatsLink.open(request.nats, {
    onNote: (text) => {
      log.warn({}, text);
    },
  });
  try {
    await serve({ request, host, log, witness, own, nodes, link });
  } finally {
    await link.close();
    await nodes.close();
    await own.close();
  }
  log.info({}, 'stopped');
  return 0;
}

const openNodes = (config: Config['gateway']): Nodes =>
  new Nodes({
    directory: join(config.state_dir, 'nodes'),
    rules: { gapAfterMs: config.gap_after_s * 1000, reorder: REORDER },
    shard: config.shard,
    maxNodes: MAX_NODES,
    maxOpen: MAX_NODES,
    maxWaitingBytes: MAX_WAITING_BYTES,
    openMirror: (directory) => Mirror.open(directory),
  });

interface World {
  readonly request: GatewayRequest;
  readonly host: GatewayHost;
  readonly log: Log;
  readonly witness: Witness;
  readonly own: OwnJournal;
  readonly nodes: Nodes;
  readonly link: NatsLink;
}

async function serve({ request, host, log, witness, own, nodes, link }: World): Promise<void> {
  const { config } = request;
  const values = new OwnValues(own.epoch, host.bootNs);
  tellFound(own.found, own, values);
  const reporter = new Reporter(values, own, log, config.gap_after_s * 1000);
  const silence = new SilenceWatch(config.silent_after_s * 1000);
  for (const key of nodes.knownKeys()) silence.expect(key);
  const stream = WATCHFLOOR_STREAM.name;
  const cosigner = new Cosigner(
    witness,
    ({ who }, note) => publishOne(link, stream, cosignSubject(who.tenant, who.node), note),
    log,
  );
  const pause = async (): Promise<boolean> => pauseOrStop(host.stop);
  const intake = new Intake({
    nodes,
    cosigner,
    reporter,
    silence,
    shard: config.shard,
    log,
    pause,
  });
  const consumer = new PullConsumer(link, {
    stream,
    durable: `watchfloor-${config.name}`,
    prepare: async () => {
      const { state, problems } = await ensureStream(link, WATCHFLOOR_STREAM);
      if (problems.length > 0) log.warn({ state, problems }, 'the stream is not as it should be');
    },
    onNote: (text) => {
      log.warn({}, text);
      reporter.about('consumer', text);
    },
  });
  const seal = (): Promise<void> => own.seal((signed) => values.checkpoint(signed));
  const parts = { consumer, intake, cosigner, nodes, silence, log, stop: host.stop, seal };
  const gateway = new Gateway(parts);
  reporter.about('start', `gateway ${config.name}`, { version: host.version, key: witness.vkey });
  await seal();
  host.notify('READY=1');
  log.info({ state_dir: config.state_dir, key: witness.vkey }, 'ready');
  await gateway.run();
  host.notify('STOPPING=1');
  reporter.about('stop', `gateway ${config.name}`);
}

const pauseOrStop = (stop: AbortSignal): Promise<boolean> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve(!stop.aborted);
    }, RETRY_MS);
    stop.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve(false);
    });
  });
