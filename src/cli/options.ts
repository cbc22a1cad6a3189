import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { loadConfig } from '../config/index.js';
import type { LoadedConfig, Overrides } from '../config/index.js';
import { CliError, EXIT } from './exit.js';
import type { FleetOptions } from './fleet.js';
import type { SeverityName } from './record-filter.js';
import { SEVERITIES } from './record-filter.js';
import { parseTime } from './time.js';

/** Options every command has. */
export interface CommonOptions extends Overrides {
  readonly config?: string;
  readonly stateDir?: string;
  readonly runDir?: string;
}

export type OutputFormat = 'pretty' | 'json';

/** A subcommand with the common options and its examples. */
export const subcommand = (name: string, summary: string, examples: readonly string[]): Command =>
  new Command(name)
    .summary(summary)
    .description(summary)
    .option('--config <file>', 'configuration file (default: /etc/watchfloor/config.yaml)', path)
    .option(
      '--state-dir <dir>',
      'directory of journal and lock (default: from the configuration)',
      path,
    )
    .option('--run-dir <dir>', 'directory of the sockets (default: from the configuration)', path)
    .addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}\n`);

/** Every command reads the configuration the same way. Throws a ConfigError. */
export const loadCommon = (options: CommonOptions): LoadedConfig => loadConfig(options);

export const outputOption = (): Option =>
  new Option('-o, --output <format>', 'pretty or json')
    .choices(['pretty', 'json'])
    .default('pretty');

/** Options of a fleet would be passed over in silence without one. */
export const refuseWithoutNats = ({ nats, tenant, node }: Partial<FleetOptions>): void => {
  if (nats !== undefined || (tenant ?? node) === undefined) return;
  const remedy = 'say where the fleet publishes, too: --nats nats://host:4222';
  throw new CliError(EXIT.usage, '--tenant and --node choose nodes of a fleet', remedy);
};

/** Relative to where the command was typed, as everywhere; the configuration file takes absolute paths only. */
const path = (text: string): string => resolve(text);

export const wholeNumber = (text: string): number => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('It must be a whole number.');
  }
  return value;
};

/** PID_MAX_LIMIT of Linux on 64 bits is 2^22. */
const MAX_PID = 4_194_304;

export const processNumber = (text: string): number => {
  const value = wholeNumber(text);
  if (value < 1 || value > MAX_PID) {
    throw new InvalidArgumentError(`It must be the number of a process, 1 to ${MAX_PID}.`);
  }
  return value;
};

export const moment = (text: string): bigint => {
  const at = parseTime(text, Date.now());
  if (at === null) {
    throw new InvalidArgumentError(
      'It must be a duration such as 10m or a time such as 2026-01-31T12:00:00Z.',
    );
  }
  return at;
};

export const severity = (text: string): SeverityName => {
  const found = SEVERITIES.find((one) => one === text.toLowerCase());
  if (found === undefined)
    throw new InvalidArgumentError(`It is one of: ${SEVERITIES.join(', ')}.`);
  return found;
};
