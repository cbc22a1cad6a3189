import type { Image } from '../elf/index.js';

/** Where AWS-LC's calls raise errors, as its build names the file. */
export const AEAD_SOURCE = '/aws-lc/crypto/fipsmodule/cipher/aead.c\0';
/** AWS-LC's own TLS, of which one name or the other is in a file that has it. */
const OWN_TLS: readonly string[] = ['/aws-lc/ssl/ssl_lib.cc\0', '/aws-lc/ssl/ssl_lib.c\0'];
/** rustls's module over ring, named by its panics. */
const OVER_RING = '/src/crypto/ring/tls13.rs';
/** How rustls's errors begin (rustls, src/error.rs). One of them may be another program's words. */
const ERRORS: readonly string[] = ['peer is incompatible: ', 'peer misbehaved: '];

/** All that is looked for. */
export const RUSTLS_TEXTS: readonly string[] = [AEAD_SOURCE, OVER_RING, ...OWN_TLS, ...ERRORS];

/** What a file says of rustls and of the libraries below it. */
export interface RustlsMarks {
  /** Addresses of AWS-LC's path of aead.c. */
  readonly aeadSource: readonly number[];
  /** AWS-LC's libssl is there: it calls the same functions, and has better ones. */
  readonly ownTls: boolean;
  readonly overRing: boolean;
  readonly rustls: boolean;
}

/** One pass over the file's data for all of them. */
export function rustlsMarks(image: Image): RustlsMarks {
  const found = image.strings(RUSTLS_TEXTS);
  const has = (text: string): boolean => (found.get(text)?.length ?? 0) > 0;
  return {
    aeadSource: found.get(AEAD_SOURCE) ?? [],
    ownTls: OWN_TLS.some(has),
    overRing: has(OVER_RING),
    rustls: ERRORS.every(has),
  };
}
