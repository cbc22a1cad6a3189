import { natsSettings } from '../config/index.js';
import type { Config } from '../config/index.js';
import { NatsLink, WATCHFLOOR_STREAM } from '../nats/index.js';
import { escapeToken } from '../subject/index.js';
import { CliError, EXIT } from './exit.js';
import { globTest } from './record-filter.js';

/** Which nodes of the fleet. */
export interface FleetOptions {
  /** nats://host:port, or several with commas. */
  readonly nats: string;
  readonly tenant?: string;
  /** May be a glob. */
  readonly node?: string;
}

export const STREAM = WATCHFLOOR_STREAM.name;

const CONNECT_MS = 10_000;
const SERVER = /^(nats:\/\/|tls:\/\/)?[A-Za-z0-9._:[\]-]+$/;

/**
 * A connection to the fleet's servers, with the credentials that the configuration has for a node or a gateway. Throws a
 * CliError when there is none within ten seconds.
 */
export const openFleet = async (config: Config, { nats }: FleetOptions): Promise<NatsLink> => {
  const servers = nats.split(',');
  if (!servers.every((server) => SERVER.test(server))) {
    const remedy = 'credentials_file, nkey_file or token_file in the configuration say who you are';
    throw new CliError(EXIT.usage, '--nats takes nats://host:port, without a password', remedy);
  }
  const settings = { ...natsSettings(credentialsOf(config), 'watchfloor-fleet'), servers };
  let connected: () => void = () => undefined;
  const there = new Promise<boolean>((resolve) => {
    const timer = setTimeout(resolve, CONNECT_MS, false);
    connected = () => {
      clearTimeout(timer);
      resolve(true);
    };
  });
  const link = NatsLink.open(settings, {
    onState: (state) => {
      if (state === 'connected') connected();
    },
  });
  if (await there) return link;
  const reason = link.lastError ?? 'no answer';
  await link.close();
  const remedy = 'is the address right, and may this user connect?';
  throw new CliError(EXIT.unavailable, `no connection to ${nats}: ${reason}`, remedy);
};

/** Of the two places where a machine may have them, the one that has any. */
const credentialsOf = ({ publish, gateway }: Config): Config['gateway']['nats'] => {
  const { credentials_file: creds, nkey_file: nkey, token_file: token, tls } = gateway.nats;
  const has = [creds, nkey, token, tls.ca, tls.cert].some((file) => file !== null);
  return has ? gateway.nats : publish.nats;
};

/** A test for what a subject says of its origin. */
export const originTest = ({
  tenant,
  node,
}: FleetOptions): ((about: { readonly tenant: string; readonly node: string }) => boolean) => {
  const nodeTest = node === undefined ? null : globTest(node);
  return (about) =>
    (tenant === undefined || about.tenant === tenant) && (nodeTest?.(about.node) ?? true);
};

/** Tenant and node as two tokens of a filter, as far as a filter can say it. */
export const originFilter = ({ tenant, node }: FleetOptions): string => {
  const plain = node !== undefined && !/[*?]/.test(node);
  const tenantToken = tenant === undefined ? '*' : escapeToken(tenant);
  return `${tenantToken}.${plain ? escapeToken(node) : '*'}`;
};

/** What a request to the servers ran into, for the user. */
export const fleetFailure = (error: unknown): unknown => {
  if (error instanceof CliError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const remedy = `is there a stream ${STREAM}, and may this user read it?`;
  return new CliError(EXIT.unavailable, `the stream cannot be read: ${reason}`, remedy);
};
