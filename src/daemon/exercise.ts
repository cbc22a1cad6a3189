import { closeSync } from 'node:fs';
import type { Exercised, Services } from '../cli/index.js';
import { pipelineSettings } from '../config/index.js';
import type { LoadedConfig } from '../config/index.js';
import { decodeBatch } from '../decode/index.js';
import type {
  HostPort,
  KernelEvent,
  KernelPort,
  ProcessKey,
  ProgramStatus,
} from '../event/index.js';
import { openHost, readPlatform } from '../host/index.js';
import { openKernel } from '../kernel/index.js';
import { createLog } from '../telemetry/index.js';
import { asCliError, refuseMachine } from './refusal.js';
import { connectTcp, runProgram, sendDatagram, talkTls } from './stimuli.js';
import { kernelOptions } from './kernel-options.js';

type Family = ProgramStatus['family'];

/** How long an event may take from its cause to here. */
const PATIENCE_MS = 3000;

interface Trial {
  readonly family: Family;
  readonly did: string;
  readonly cause: () => Promise<void>;
  readonly shown: (event: KernelEvent) => boolean;
}

const TRIALS: readonly Trial[] = [
  {
    family: 'process',
    did: 'ran a program',
    cause: runProgram,
    shown: (event) => event.kind === 'exec' && event.path.length > 0 && event.argv.length > 0,
  },
  {
    family: 'network',
    did: 'connected to a port of our own, by TCP',
    cause: connectTcp,
    shown: (event) => event.kind === 'flow_state' && event.state === 'established',
  },
  {
    family: 'network',
    did: 'sent a datagram',
    cause: async () => sendDatagram(9),
    shown: (event) => event.kind === 'flow_open' && event.tuple.protocol === 'udp',
  },
  {
    family: 'wire',
    did: 'sent a DNS question to 127.0.0.1',
    cause: async () => sendDatagram(53),
    shown: (event) => event.kind === 'wire_head' && event.bytes.length > 0,
  },
  {
    family: 'tls',
    did: 'talked TLS to ourselves',
    cause: talkTls,
    shown: (event) => event.kind === 'tls_data' && event.bytes.length > 0,
  },
  {
    family: 'socket',
    did: 'tied a TLS write to its socket',
    cause: talkTls,
    shown: (event) =>
      event.kind === 'tls_send' || (event.kind === 'tls_data' && event.socketCookie !== null),
  },
];

/** Makes this process an agent for a moment and does one of everything. Throws a CliError when nothing can be loaded. */
export const exercise: Services['exercise'] = async (loaded: LoadedConfig) => {
  try {
    const platform = readPlatform();
    refuseMachine(platform);
    // Only to be sure that the configuration gives settings.
    pipelineSettings(loaded.config, platform.bootId);
    const kernel = openKernel(kernelOptions(loaded.config, platform, createLog('error'), null));
    try {
      return await tryAll(kernel, openHost());
    } finally {
      kernel.stop();
    }
  } catch (error) {
    throw asCliError(error);
  }
};

const tryAll = async (
  kernel: KernelPort,
  host: HostPort,
): Promise<{ programs: readonly ProgramStatus[]; families: readonly Exercised[] }> => {
  const watch = new Watch();
  const programs = kernel.start((batch) => {
    for (const event of decodeBatch(batch.bytes).events) watch.saw(event);
  });
  const self = becomeAgent(kernel);
  const tls = attachOwnTls(kernel, host, self);
  const families: Exercised[] = [];
  for (const { family, did, cause, shown } of TRIALS) {
    const usesTls = family === 'tls' || family === 'socket';
    if (usesTls && tls !== null) {
      families.push({ family, observed: false, detail: tls });
      continue;
    }
    const seen = watch.wait((event) =>
      event.key.tgid === self.tgid || family === 'process' ? shown(event) : false,
    );
    await cause();
    families.push({ family, observed: await seen, detail: did });
  }
  return { programs, families };
};

/** Events of this lineage only come from here on. */
const becomeAgent = (kernel: KernelPort): ProcessKey => {
  const own = decodeBatch(kernel.seeds()).events.find(({ key }) => key.tgid === process.pid);
  if (own === undefined) throw new Error('the task iterator does not know this process');
  kernel.adopt(own.key, own.key);
  kernel.verdict(own.key, 'agent');
  return own.key;
};

/** Null when every stack of this process has its probes, otherwise why not. */
const attachOwnTls = (kernel: KernelPort, host: HostPort, self: ProcessKey): string | null => {
  const fact = host.stacksFact(self);
  const stacks = fact.fact === 'stacks' ? fact.stacks : [];
  if (stacks.length === 0) return 'no TLS functions found in node or its libraries';
  try {
    for (const stack of stacks) {
      const fd = host.openStack(stack, self);
      if (fd === null) return `${stack.path} cannot be opened`;
      try {
        kernel.attach(stack, fd);
      } finally {
        closeSync(fd);
      }
    }
    return null;
  } catch (error) {
    return (error as Error).message;
  }
};

/** Waits for an event of a kind. */
class Watch {
  #wanted: ((event: KernelEvent) => boolean) | null = null;
  #found: (seen: boolean) => void = () => undefined;

  saw(event: KernelEvent): void {
    if (this.#wanted?.(event) === true) this.#found(true);
  }

  async wait(wanted: (event: KernelEvent) => boolean): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#found(false);
      }, PATIENCE_MS);
      this.#wanted = wanted;
      this.#found = (seen) => {
        clearTimeout(timer);
        this.#wanted = null;
        resolve(seen);
      };
    });
  }
}
