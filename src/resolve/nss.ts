import type { Image } from '../elf/index.js';
import type { Found } from './family.js';

/** Exported by the TLS library of NSS and by nothing else: nss/lib/ssl/ssl.def. */
const NAMES = ['SSL_ImportFD', 'SSL_AuthCertificateHook'];

/**
 * NSS, named and not read. Its functions for plaintext have no names: they are reached through the descriptor that SSL_ImportFD
 * makes, by PR_Write and PR_Read of NSPR, which write and read plain files in the same way; a probe there would take what
 * is no traffic.
 */
export function nss(image: Image): Found | null {
  return image.symbols(NAMES).size === NAMES.length
    ? { library: 'nss', refused: 'NSS: plaintext goes through functions that plain files use too' }
    : null;
}
