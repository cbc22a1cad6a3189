import type { Config } from '../config/index.js';
import type { HostPort, KernelPort } from '../event/index.js';
import type { Posix } from '../kernel/index.js';
import type { Log } from '../telemetry/index.js';
import { keyOfPid } from './exact-keys.js';
import type { Feeder } from './feeder.js';
import { GovernanceDoor } from './governance.js';

interface DoorParts {
  readonly config: Config;
  readonly log: Log;
  readonly posix: Posix;
  readonly kernel: KernelPort;
  readonly host: HostPort;
  readonly feeder: Feeder;
}

/** The governance socket, with what it says going into the one order of all inputs. */
export const openDoor = ({ config, log, posix, kernel, host, feeder }: DoorParts): GovernanceDoor =>
  new GovernanceDoor({
    ...{ runDir: config.run_dir, log, posix },
    keyOf: (pid) => feeder.evaluation.pipeline.keyOfPid(pid) ?? keyOfPid(kernel, pid),
    clocks: () => posix.clocks(),
    feed: (input) => {
      feeder.feed(input);
    },
    register: (registration) =>
      new Promise((resolve) => {
        // Whoever no table knows is looked at first: rules are about what it runs.
        const { values } = feeder.evaluation.pipeline.environment();
        feeder.feed({ input: 'fact', fact: host.processFact(registration.key, values) });
        feeder.register(registration, resolve);
      }),
  });
