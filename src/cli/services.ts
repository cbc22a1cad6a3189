import type { ProgramStatus } from '../event/index.js';
import type { LoadedConfig, Environment } from '../config/index.js';
import type { GatewayRequest } from '../gateway/index.js';
import type { LogLevel } from '../telemetry/index.js';

export interface RunRequest {
  readonly loaded: LoadedConfig;
  /** Reads and checks the configuration again; throws a ConfigError. */
  readonly reload: () => LoadedConfig;
  /** Path of a new recording, or null. */
  readonly record: string | null;
  readonly logLevel: LogLevel;
  readonly environment: Environment;
}

/** What a sensor family showed when it was used for real. */
export interface Exercised {
  readonly family: string;
  readonly observed: boolean;
  /** What was done, or why it was not. */
  readonly detail: string;
}

/** What a daemon that was killed has left running in the kernel; `removed` only now. */
export type LeftPins = 'none' | 'used' | 'left' | 'removed';

/** What needs the kernel; loaded when it is asked for, so that everything else runs without the addon. */
export interface Services {
  /** Runs until it is told to stop; the exit code. */
  run(request: RunRequest): Promise<number>;
  /** The receiving end, until it is told to stop; the exit code. */
  gateway(request: GatewayRequest): Promise<number>;
  /** Its verifier key, made where there is none. */
  gatewayKey(request: GatewayRequest): Promise<string>;
  /** Looks for the kernel state of a daemon that is gone, and with `remove` ends it. */
  leftPins(loaded: LoadedConfig, remove: boolean): Promise<LeftPins>;
  /** Loads every program, causes one event for each family, and says which came. */
  exercise(loaded: LoadedConfig): Promise<{
    readonly programs: readonly ProgramStatus[];
    readonly families: readonly Exercised[];
  }>;
}
