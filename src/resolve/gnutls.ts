import type { Image } from '../elf/index.js';
import type { TlsCall } from '../event/index.js';
import type { Found } from './family.js';
import { isReadable, sitesAt } from './sites.js';

/**
 * The GnuTLS manual's "Core TLS API": (session, data, size), giving bytes moved or below 0. gnutls_record_send2 has two more
 * arguments behind these and calls nothing of this list; early data is given before the handshake.
 */
const CALLS: readonly (readonly [string, TlsCall])[] = [
  ['gnutls_record_send', 'write'],
  ['gnutls_record_recv', 'read'],
  ['gnutls_deinit', 'free'],
];

export function gnutls(image: Image): Found | null {
  const found = image.symbols(CALLS.map(([name]) => name));
  const sites = sitesAt(
    image,
    CALLS.map(([name, call]) => [call, found.get(name)]),
  );
  return isReadable(sites) ? { library: 'gnutls', by: 'symbols', sites } : null;
}
