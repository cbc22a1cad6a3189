import { Option } from 'commander';
import type { Command } from 'commander';
import { resolve } from 'node:path';
import { readEnvironment } from '../config/index.js';
import type { Environment } from '../config/index.js';
import { LOG_LEVELS } from '../telemetry/index.js';
import type { LogLevel } from '../telemetry/index.js';
import { CliError, EXIT } from './exit.js';
import { loadCommon, subcommand } from './options.js';
import type { CommonOptions } from './options.js';
import type { Services } from './services.js';

interface RunOptions extends CommonOptions {
  readonly record?: string;
  readonly logLevel: LogLevel;
}

export const runCommand = (services: Services, done: (code: number) => void): Command =>
  subcommand('run', 'watch this machine until told to stop', [
    'watchfloor run                                  # as root, everything in one process',
    'watchfloor run --state-dir /tmp/wf/state --run-dir /tmp/wf/run',
    'watchfloor run --record /root/session.wfrec     # holds plaintext: only its owner may read it',
  ])
    .option('--record <file>', 'write every input of the pure stages to a new file, for replay')
    .addOption(
      new Option('--log-level <level>', 'how much to log').choices(LOG_LEVELS).default('info'),
    )
    .action(async (options: RunOptions) => {
      const environment = readEnvironment();
      refuseHostile(environment);
      const code = await services.run({
        loaded: loadCommon(options),
        reload: () => loadCommon(options),
        record: options.record === undefined ? null : resolve(options.record),
        logLevel: options.logLevel,
        environment,
      });
      done(code);
    });

/** Code from a variable would run with every privilege of the sensors. */
const refuseHostile = ({ hostile }: Environment): void => {
  const [first] = hostile;
  if (first === undefined || process.geteuid?.() !== 0) return;
  throw new CliError(
    EXIT.configuration,
    `${hostile.join(' and ')} ${hostile.length > 1 ? 'are' : 'is'} set: other code could run in the daemon`,
    `start it without: env ${hostile.map((name) => `-u ${name}`).join(' ')} watchfloor run`,
  );
};
