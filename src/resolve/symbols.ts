import type { Image } from '../elf/index.js';
import type { TlsCall } from '../event/index.js';
import { BORINGSSL_TEXTS } from './boringssl.js';
import type { Found } from './family.js';
import { isReadable, sitesAt } from './sites.js';

/** ssl(7): the functions that take and give plaintext. Early data is taken as SSL_write_ex takes it. */
const CALLS: readonly (readonly [string, TlsCall])[] = [
  ['SSL_write', 'write'],
  ['SSL_read', 'read'],
  ['SSL_write_ex', 'write_ex'],
  ['SSL_read_ex', 'read_ex'],
  ['SSL_write_early_data', 'write_ex'],
  ['SSL_free', 'free'],
];

/** Functions BoringSSL alone has; it bears all other names of OpenSSL. */
const BORINGSSL_ONLY = ['SSL_CTX_set_grease_enabled', 'SSL_CTX_set_custom_verify'];

/** OpenSSL or BoringSSL by the names of its functions: of a library, of a program that exports them, or local ones. */
export function symbols(image: Image): Found | null {
  const names = CALLS.map(([name]) => name);
  const found = image.symbols([...names, ...BORINGSSL_ONLY]);
  const sites = sitesAt(
    image,
    CALLS.map(([name, call]) => [call, found.get(name)]),
  );
  if (!isReadable(sites)) return null;
  if (!BORINGSSL_ONLY.some((name) => found.has(name)) && !hasSource(image))
    return { library: 'openssl', by: 'symbols', sites };
  // What its descendants call SSL_write_ex calls SSL_write: nothing passes by these.
  const plain = sites.filter(({ call }) => !call.endsWith('_ex'));
  return { library: 'boringssl', by: 'symbols', sites: plain };
}

/** A linker may have left those out. */
const hasSource = (image: Image): boolean =>
  [...image.strings(BORINGSSL_TEXTS).values()].some((places) => places.length > 0);
