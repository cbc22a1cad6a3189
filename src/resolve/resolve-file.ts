import { openImage, type FileReader, type Image } from '../elf/index.js';
import { awsLc } from './aws-lc.js';
import { boringssl, BORINGSSL_TEXTS } from './boringssl.js';
import type { Family, Found } from './family.js';
import { gnutls } from './gnutls.js';
import { go } from './go.js';
import { placeOpenSsl } from './inner-openssl.js';
import { nss } from './nss.js';
import { openssl, OPENSSL_TEXTS } from './openssl.js';
import { place } from './placement.js';
import { ring } from './ring.js';
import { RUSTLS_TEXTS } from './rustls.js';
import { symbols } from './symbols.js';

/** What a file holds. `found` is empty for a file without a TLS stack known to us. */
export type Resolution =
  | {
      readonly ok: true;
      readonly machine: Image['machine'];
      /** In hexadecimal; null: the file has none. */
      readonly buildId: string | null;
      /** One of each library. */
      readonly found: readonly Found[];
    }
  | { readonly ok: false; readonly reason: string };

/** In this order; of two that find the same library the first is believed. */
const FAMILIES: readonly Family[] = [symbols, gnutls, nss, boringssl, openssl, awsLc, ring, go];

/** Looked for at once: the image remembers where they are, and goes through the data a single time. */
const TEXTS = [...BORINGSSL_TEXTS, ...OPENSSL_TEXTS, ...RUSTLS_TEXTS];

/** Reads what it needs of the file, which may be all of it once or twice. Never throws for what the file holds. */
export function resolveFile(reader: FileReader): Resolution {
  const image = openImage(reader);
  if (typeof image === 'string') return { ok: false, reason: image };
  image.strings(TEXTS);
  const found = new Map<string, Found>();
  for (const family of FAMILIES) {
    const stack = family(image);
    if (stack !== null && !found.has(stack.library)) found.set(stack.library, stack);
  }
  const { machine, buildId } = image;
  return {
    ok: true,
    machine,
    buildId,
    found: [...found.values()].map((one) => placed(image, one)),
  };
}

/** Each function where a probe is cheapest, as far as that is proven to see the same. */
function placed(image: Image, found: Found): Found {
  if ('refused' in found) return found;
  const isPublic = found.library === 'openssl' && found.by === 'symbols';
  const sites = isPublic
    ? placeOpenSsl(image, found.sites)
    : found.sites.map((site) => place(image, site));
  return { ...found, sites };
}
