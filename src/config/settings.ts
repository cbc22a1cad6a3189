import { hostname } from 'node:os';
import type { AgentRule, Governance, PipelineSettings } from '../event/index.js';
import { MODEL_HOSTS } from './model-hosts.js';
import type { Config } from './schema.js';

/** A host name as a node name: what is not a letter, digit, dot, dash or underscore becomes a dash. */
export const nodeName = (name: string, host: string = hostname()): string => {
  if (name !== 'auto') return name;
  const clean = host.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 64);
  return clean === '' ? 'localhost' : clean;
};

/** What the pure stages need, and nothing else of the configuration. */
export const pipelineSettings = (
  config: Config,
  bootId: string,
  host: string = hostname(),
): PipelineSettings => {
  const { governance, agents } = config;
  return {
    node: nodeName(config.node.name, host),
    tenant: config.node.tenant,
    bootId,
    signatures: agents.signatures,
    inference: agents.inference,
    rules: agents.rules.map((rule) => agentRule(rule, governance.default)),
    defaultGovernance: governance.default,
    proxies: governance.proxies,
    windowMs: governance.window_ms,
    modelHosts: [...MODEL_HOSTS, ...governance.model_hosts],
  };
};

const agentRule = (rule: Config['agents']['rules'][number], fallback: Governance): AgentRule => {
  const { proxy, sdk, exempt } = rule.governance;
  const given = Object.entries(rule.match).filter(([, value]) => value !== undefined);
  return {
    id: rule.id,
    match: Object.fromEntries(given),
    governance: {
      proxy: proxy ?? fallback.proxy,
      sdk: sdk ?? fallback.sdk,
      exempt: exempt ?? fallback.exempt,
    },
  };
};

/** How to reach NATS, in the names of the room that does. */
export const natsSettings = (
  nats: Config['publish']['nats'],
  clientName: string,
): {
  readonly servers: readonly string[];
  readonly credentialsFile: string | null;
  readonly nkeyFile: string | null;
  readonly tokenFile: string | null;
  readonly tls: Config['publish']['nats']['tls'];
  readonly clientName: string;
} => ({
  servers: nats.servers,
  credentialsFile: nats.credentials_file,
  nkeyFile: nats.nkey_file,
  tokenFile: nats.token_file,
  tls: nats.tls,
  clientName,
});
