/**
 * In: the configuration file, the command line's overrides, the environment.
 * Out: one checked `Config`, the `PipelineSettings` the pure rooms read, and the few environment variables anybody may ask for.
 * Never: guesses. A file with one mistake gives every mistake with its line, and no configuration at all.
 */
export { loadConfig, DEFAULT_CONFIG_PATH, MAX_CONFIG_BYTES } from './load.js';
export type { LoadedConfig, Overrides } from './load.js';
export { parseConfig } from './parse.js';
export { ConfigError } from './problem.js';
export type { Problem } from './problem.js';
export type { Config } from './schema.js';
export { effectiveYaml } from './effective.js';
export { natsSettings, nodeName, pipelineSettings } from './settings.js';
export { readEnvironment } from './environment.js';
export type { Environment } from './environment.js';
