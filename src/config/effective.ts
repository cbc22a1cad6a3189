import { stringify } from 'yaml';
import type { Config } from './schema.js';

/** The configuration in force as YAML, every default written out; itself a valid configuration file. */
export const effectiveYaml = (config: Config): string => stringify(config, { lineWidth: 100 });
