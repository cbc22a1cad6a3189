import { Option } from 'commander';
import type { Command } from 'commander';
import { natsSettings } from '../config/index.js';
import type { GatewayRequest } from '../gateway/index.js';
import { LOG_LEVELS } from '../telemetry/index.js';
import type { LogLevel } from '../telemetry/index.js';
import { CliError, EXIT } from './exit.js';
import { loadCommon, subcommand } from './options.js';
import type { CommonOptions } from './options.js';
import type { Terminal } from './output.js';
import type { Services } from './services.js';

interface GatewayOptions extends CommonOptions {
  readonly key?: true;
  readonly logLevel: LogLevel;
}

export const gatewayCommand = (
  terminal: Terminal,
  services: Services,
  done: (code: number) => void,
): Command =>
  subcommand('gateway', 'receive what nodes publish, keep a copy of it, and cosign it', [
    'watchfloor gateway                              # gateway.nats.servers must be set',
    'watchfloor gateway --key                        # for publish.gateway_key of the nodes',
    'watchfloor tail --state-dir /var/lib/watchfloor-gateway     # what it found',
  ])
    .option('--key', 'print the key it cosigns with, made where there is none, and end')
    .addOption(
      new Option('--log-level <level>', 'how much to log').choices(LOG_LEVELS).default('info'),
    )
    .action(async (options: GatewayOptions) => {
      const request = requestOf(options);
      if (options.key === true) await terminal.out.line(await services.gatewayKey(request));
      else done(await serve(services, request));
    });

/** `--state-dir` is the gateway's here. */
const requestOf = (options: GatewayOptions): GatewayRequest => {
  const { config } = loadCommon(options);
  const { gateway, journal } = config;
  return {
    config: { ...gateway, state_dir: options.stateDir ?? gateway.state_dir },
    journal,
    nats: natsSettings(gateway.nats, `watchfloor-gateway-${gateway.name}`),
    logLevel: options.logLevel,
  };
};

const serve = (services: Services, request: GatewayRequest): Promise<number> => {
  if (request.nats.servers.length > 0) return services.gateway(request);
  const remedy =
    'name one in the configuration: gateway: { nats: { servers: [nats://host:4222] } }';
  throw new CliError(EXIT.configuration, 'gateway.nats.servers names no server', remedy);
};
