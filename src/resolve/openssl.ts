import type { Image } from '../elf/index.js';
import type { ProbeSite, TlsCall } from '../event/index.js';
import type { Found } from './family.js';
import { passThrough } from './pass-through.js';
import { isReadable, sitesAt } from './sites.js';

/** OpenSSL 3 gives the names of functions to its errors: ERR_raise in include/openssl/err.h passes __func__. */
const WRITE_INNER = 'ssl_write_internal';
const READ_INNER = 'ssl_read_internal';
const WRITE = 'SSL_write';
const READ = 'SSL_read';
const NAMES = [WRITE_INNER, READ_INNER, WRITE, READ];
const VERSION = 'OpenSSL 3.';

/** All that is looked for. */
export const OPENSSL_TEXTS: readonly string[] = [...NAMES.map((name) => `${name}\0`), VERSION];

/** Where ssl_write_internal got its fourth argument of five, the flags: CHANGES of OpenSSL 3.3. */
const WITH_FLAGS = 3;
/** More functions that name one function are no inlining. */
const INLINED_MAX = 4;
const REFERENCES_MAX = 64;

const refuse = (refused: string): Found => ({ library: 'openssl', refused });

/**
 * A stripped OpenSSL 3. The function that names ssl_write_internal is that one, which SSL_write, SSL_write_ex,
 * SSL_write_early_data and BIO_write all go through; and where the compiler has put it into its callers, each of these.
 */
export function openssl(image: Image): Found | null {
  const users = usersOf(image);
  const writers = users.get(WRITE_INNER) ?? [];
  const readers = users.get(READ_INNER) ?? [];
  if (writers.length === 0 && readers.length === 0) return null;
  const plain = {
    write: inOpenSsl(image, users.get(WRITE) ?? [], writers),
    read: inOpenSsl(image, users.get(READ) ?? [], readers),
  };
  const hasFlags = takesFlags(image, writers, plain.write);
  if (typeof hasFlags === 'string') return refuse(hasFlags);
  const write = sitesOf(image, writers, plain.write, {
    plain: 'write',
    inner: hasFlags ? 'write_flags_ex' : 'write_ex',
    // SSL_write_ex has no flags; which of several is it cannot be told.
    mayBeInlined: !hasFlags,
  });
  const read = sitesOf(image, readers, plain.read, {
    plain: 'read',
    inner: 'read_ex',
    mayBeInlined: true,
  });
  if (typeof write === 'string') return refuse(`${WRITE_INNER}: ${write}`);
  if (typeof read === 'string') return refuse(`${READ_INNER}: ${read}`);
  const sites = [...write, ...read];
  return isReadable(sites)
    ? { library: 'openssl', by: 'anchors', sites }
    : refuse('a function of it is not in the file');
}

/** Starts of the functions that load each name. It may stand at the end of another one, where linkers save bytes. */
function usersOf(image: Image): Map<string, readonly number[]> {
  const places = image.strings(OPENSSL_TEXTS);
  const of = (name: string): readonly number[] => places.get(`${name}\0`) ?? [];
  image.references(NAMES.flatMap(of));
  return new Map(
    NAMES.map((name) => {
      const starts = new Set<number>();
      for (const { from } of image.references(of(name)).slice(0, REFERENCES_MAX)) {
        const range = image.functionAt(from);
        if (range !== null) starts.add(range.start);
      }
      return [name, [...starts]];
    }),
  );
}

/** Programs name SSL_write too, where they say what failed: of several it is the one that holds the inner function, or calls it. */
function inOpenSsl(
  image: Image,
  named: readonly number[],
  inner: readonly number[],
): readonly number[] {
  if (named.length < 2) return named;
  return named.filter((start) => {
    const calls = inner.includes(start) ? start : passThrough(image, start, 'to_own')?.inner;
    return calls !== undefined && inner.includes(calls);
  });
}

/**
 * Does ssl_write_internal take flags before the place for the count? As SSL_write is seen to call it, and by the version; a
 * linker leaves the version out where nobody asks for it, and code cannot always be followed.
 */
function takesFlags(
  image: Image,
  writers: readonly number[],
  plain: readonly number[],
): boolean | string {
  const [write, ...others] = plain;
  const passed =
    write === undefined || others.length > 0 ? null : passThrough(image, write, 'to_own');
  const seen = passed !== null && writers.includes(passed.inner) ? passed.hasFlags : null;
  const minor = minorVersion(image);
  const said = minor === null ? null : minor >= WITH_FLAGS;
  const hasFlags = seen ?? said;
  if (hasFlags === null) return 'no single version of OpenSSL 3 in the file';
  return said !== null && said !== hasFlags ? 'its version and its code differ' : hasFlags;
}

/** Of the one OpenSSL in the file: "OpenSSL 3.6.4 25 Aug 2026". */
function minorVersion(image: Image): number | null {
  const found = new Set<number>();
  for (const place of image.strings([VERSION]).get(VERSION) ?? []) {
    const bytes = image.bytes(place + VERSION.length, 12);
    const minor = bytes && /^(\d{1,2})\.\d{1,3}[ \-+a-z]/.exec(String.fromCharCode(...bytes))?.[1];
    if (minor !== null && minor !== undefined) found.add(Number(minor));
  }
  const [only, ...others] = found;
  return only === undefined || others.length > 0 ? null : only;
}

interface Shape {
  /** How SSL_write or SSL_read is called. */
  readonly plain: TlsCall;
  /** How the inner function is, and with it SSL_write_ex or SSL_read_ex. */
  readonly inner: TlsCall;
  readonly mayBeInlined: boolean;
}

/**
 * Probe sites for the functions that name the inner one. Those that name themselves as SSL_write too are SSL_write with the
 * inner one in it; the others take a pointer to how many bytes were moved.
 */
function sitesOf(
  image: Image,
  inner: readonly number[],
  plain: readonly number[],
  shape: Shape,
): ProbeSite[] | string {
  if (inner.length === 0) return 'no code names it';
  if (inner.length > INLINED_MAX) return `${inner.length} functions name it`;
  const merged = inner.filter((start) => plain.includes(start));
  const rest = inner.filter((start) => !plain.includes(start));
  if (merged.length > 1 || plain.length > 1) return 'the function it is in is there twice';
  // Neither calls itself: these are two functions that were taken for one.
  if (merged.some((start) => callsItself(image, start))) return 'where it begins cannot be told';
  if (rest.length > 1 && (merged.length === 0 || !shape.mayBeInlined)) {
    return `${rest.length} functions name it`;
  }
  return sitesAt(image, [
    ...merged.map((start): [TlsCall, number] => [shape.plain, start]),
    ...rest.map((start): [TlsCall, number] => [shape.inner, start]),
  ]);
}

function callsItself(image: Image, start: number): boolean {
  const range = image.functionAt(start);
  return range !== null && image.calls(range.start, range.end).includes(start);
}
