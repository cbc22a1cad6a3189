import type { Command } from 'commander';
import { ask, readSocketPath } from '../readapi/index.js';
import type { Status } from '../telemetry/index.js';
import { EXIT } from './exit.js';
import type { ExitCode } from './exit.js';
import type { FleetOptions } from './fleet.js';
import { loadCommon, outputOption, refuseWithoutNats, subcommand } from './options.js';
import type { CommonOptions, OutputFormat } from './options.js';
import type { Terminal } from './output.js';
import { readApiFailure } from './records.js';
import { statusText } from './status-view.js';

interface StatusOptions extends CommonOptions, Partial<FleetOptions> {
  readonly output: OutputFormat;
}

/** Negative answer: the daemon runs, and a sensor it wants, or its signer, does not. */
export const statusCommand = (terminal: Terminal, done: (code: ExitCode) => void): Command =>
  subcommand('status', 'say how the daemon is; exit 1 when a sensor or the signer is missing', [
    'watchfloor status                               # what matters first',
    "watchfloor status -o json | jq '.pipeline'      # every counter",
    'watchfloor status --nats nats://hub:4222        # a line for each node of the fleet',
  ])
    .option('--nats <url>', 'of every node that publishes there')
    .option('--tenant <name>', 'with --nats: of this tenant')
    .option('--node <glob>', 'with --nats: of these nodes')
    .addOption(outputOption())
    .action(async (options: StatusOptions) => {
      refuseWithoutNats(options);
      const { config } = loadCommon(options);
      const { nats } = options;
      if (nats !== undefined) {
        const { fleetStatus } = await import('./fleet-status.js');
        done(await fleetStatus(config, { ...options, nats }, options.output, terminal));
        return;
      }
      const socketPath = readSocketPath(config.run_dir);
      const status = await askDaemon<Status>(socketPath, 'status');
      const text = options.output === 'json' ? JSON.stringify(status) : statusText(status);
      await terminal.out.line(text);
      done(status.degraded.length === 0 ? EXIT.ok : EXIT.negative);
    });

export const askDaemon = async <T>(
  socketPath: string,
  type: 'status' | 'agents' | 'coverage' | 'explain',
  about: { readonly pid?: number } = {},
): Promise<T> => {
  try {
    return (await ask(socketPath, type, about)) as T;
  } catch (error) {
    throw readApiFailure(error, socketPath);
  }
};
