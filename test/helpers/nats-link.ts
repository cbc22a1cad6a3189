import { NatsLink } from '../../src/nats/index.js';
import type { LinkHooks, NatsSettings } from '../../src/nats/index.js';
import type { Owner } from './children.js';

/** As somebody has them who needs no secret. */
export const natsSettings = (servers: readonly string[]): NatsSettings => ({
  servers,
  credentialsFile: null,
  nkeyFile: null,
  tokenFile: null,
  tls: { ca: null, cert: null, key: null },
  clientName: 'test',
});

/** A link to one server, closed when the test ends. */
export function openLink(t: Owner, url: string, hooks: LinkHooks = {}): NatsLink {
  const link = NatsLink.open(natsSettings([url]), hooks);
  t.teardown(() => link.close());
  return link;
}
