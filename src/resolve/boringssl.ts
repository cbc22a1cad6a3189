import type { Image } from '../elf/index.js';
import type { Found } from './family.js';
import { raises, raisersOf, type Raiser } from './raisers.js';
import { sitesAt } from './sites.js';

/** Where its public functions are written. */
const PATHS = ['ssl/ssl_lib.cc\0'];

/** All that is looked for. */
export const BORINGSSL_TEXTS: readonly string[] = PATHS;

/** Reasons of its errors, which are numbers that never change: BoringSSL's include/openssl/{err,ssl}.h. */
const SHOULD_NOT_HAVE_BEEN_CALLED = 66;
const BAD_LENGTH = 111;
const HANDSHAKE_FAILURE = 215;
const UNINITIALIZED = 226;

/** What SSL_write reports: called for QUIC, before a handshake function is set, and when the handshake fails. */
const OF_WRITE = [SHOULD_NOT_HAVE_BEEN_CALLED, HANDSHAKE_FAILURE, UNINITIALIZED];

/** SSL_read is SSL_peek, inlined, and then some: by at least this many bytes of code. */
const CONSUMING_MIN = 24;

/** Lines of the source at which public functions are; reasons are smaller. */
const LINE_MIN = 400;
const LINE_MAX = 20_000;

const refuse = (refused: string): Found => ({ library: 'boringssl', refused });

/**
 * A stripped BoringSSL, by the errors its functions report. SSL_write is the only one that reports all of OF_WRITE.
 * SSL_read reports the first of them only and calls what SSL_shutdown calls too, the implementation of reading, which
 * reports UNINITIALIZED. SSL_free reports nothing and is not looked for.
 */
export function boringssl(image: Image): Found | null {
  const raisers = raisersOf(image, PATHS);
  if (raisers === null) return null;
  const write = writerOf(raisers);
  if (typeof write === 'string') return refuse(write);
  const read = readerOf(image, raisers, write);
  if (typeof read === 'string') return refuse(read);
  const sites = sitesAt(image, [
    ['write', write.start],
    ['read', read.start],
  ]);
  return { library: 'boringssl', by: 'anchors', sites };
}

function writerOf(raisers: readonly Raiser[]): Raiser | string {
  const all = raisers.filter((raiser) => raises(raiser, OF_WRITE));
  // Since 2022 it reports a negative length too, and before that nobody else reported all the others.
  const strict = all.filter((raiser) => raises(raiser, [BAD_LENGTH]));
  const [write, ...others] = strict.length > 0 ? strict : all;
  if (write === undefined) return 'no function reports the errors of SSL_write';
  if (others.length > 0) return `${others.length + 1} functions report the errors of SSL_write`;
  return write;
}

function readerOf(image: Image, raisers: readonly Raiser[], write: Raiser): Raiser | string {
  const candidates = raisers.filter(
    (raiser) =>
      raiser !== write &&
      raises(raiser, [SHOULD_NOT_HAVE_BEEN_CALLED]) &&
      !raiser.constants.has(HANDSHAKE_FAILURE) &&
      !raiser.constants.has(UNINITIALIZED) &&
      callsReading(image, raisers, raiser),
  );
  const [larger, smaller, ...others] = [...candidates].sort((a, b) => sizeOf(b) - sizeOf(a));
  if (larger === undefined) return 'no function reports the errors of SSL_read';
  if (smaller === undefined) return larger;
  if (others.length > 0) return `${candidates.length} functions report the errors of SSL_read`;
  return isInlinedIn(smaller, larger) ? larger : 'SSL_read cannot be told from SSL_peek';
}

const sizeOf = ({ start, end }: Raiser): number => end - start;

/** Does it call a function that reports UNINITIALIZED but not that it was called for QUIC? */
function callsReading(image: Image, raisers: readonly Raiser[], raiser: Raiser): boolean {
  const called = new Set(image.calls(raiser.start, raiser.end));
  return raisers.some(
    (other) =>
      called.has(other.start) &&
      other.constants.has(UNINITIALIZED) &&
      !other.constants.has(SHOULD_NOT_HAVE_BEEN_CALLED),
  );
}

/** A line of the source that both name is the same code in both; the larger then has more of it. */
function isInlinedIn(smaller: Raiser, larger: Raiser): boolean {
  const sameLine = [...smaller.constants].some(
    (constant) => constant >= LINE_MIN && constant <= LINE_MAX && larger.constants.has(constant),
  );
  return sameLine && sizeOf(larger) - sizeOf(smaller) >= CONSUMING_MIN;
}
