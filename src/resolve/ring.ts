import type { Image } from '../elf/index.js';
import type { Found } from './family.js';
import { rustlsMarks } from './rustls.js';

/**
 * rustls over ring, named and not read. ring has no function of a stable convention that takes a whole record: its seal and
 * open are generic Rust that the compiler inlines into rustls, and the assembly below takes a record in pieces, several
 * at a time, which differ by what the processor has (ring 0.17, src/aead/aes_gcm.rs). Where rustls is there and nothing
 * names the library below it, that is not AWS-LC, and is as blind.
 */
export function ring(image: Image): Found | null {
  const { aeadSource, overRing, rustls } = rustlsMarks(image);
  if (overRing)
    return { library: 'ring', refused: 'rustls over ring: no function has a whole record' };
  if (!rustls || aeadSource.length > 0) return null;
  return { library: 'ring', refused: 'rustls over a library that does not show its name' };
}
