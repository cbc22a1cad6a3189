import type { LoadedConfig } from '../config/index.js';

/** What is fixed for the life of the process, to be compared. */
export const needsRestart = ({ config }: LoadedConfig): string =>
  JSON.stringify([
    config.state_dir,
    config.run_dir,
    config.pin_dir,
    config.sensor,
    config.journal,
    config.publish,
    config.capture.max_message_bytes,
  ]);

/** What a record about the configuration says of it. */
export const configFields = ({ config }: LoadedConfig): Record<string, string> => ({
  rules: String(config.agents.rules.length),
  proxies: String(config.governance.proxies.length),
  signatures: String(config.agents.signatures),
  inference: String(config.agents.inference),
  capture: config.capture.level,
});
