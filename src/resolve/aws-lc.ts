import type { Image } from '../elf/index.js';
import type { ProbeSite } from '../event/index.js';
import type { Found } from './family.js';
import { rustlsMarks } from './rustls.js';
import { thirdArguments } from './third-argument.js';

/**
 * Reasons that tell a function of crypto/fipsmodule/cipher/aead.c, CIPHER_R_ of AWS-LC's include/openssl/cipher.h:
 * BAD_DECRYPT 101, BUFFER_TOO_SMALL 103, CTRL_NOT_IMPLEMENTED 104, INVALID_OPERATION 112, OUTPUT_ALIASES_INPUT 115,
 * TOO_LARGE 117. `open_gather`, which is not wanted, raises 104 and 115 without 101.
 */
interface Mark {
  readonly call: 'aead_seal' | 'aead_seal_scatter' | 'aead_open';
  readonly raises: readonly number[];
  readonly never: readonly number[];
}

const MARKS: readonly Mark[] = [
  { call: 'aead_seal', raises: [103, 115, 117], never: [101, 112] },
  { call: 'aead_seal_scatter', raises: [112, 115], never: [101, 103, 104, 117] },
  { call: 'aead_open', raises: [101, 103, 115], never: [112, 117] },
];

/** aead.c has some twenty places that raise an error. */
const REFERENCES_MAX = 256;

/**
 * rustls over AWS-LC: records are encrypted by EVP_AEAD_CTX_seal (TLS 1.3) or EVP_AEAD_CTX_seal_scatter (TLS 1.2) and
 * decrypted by EVP_AEAD_CTX_open. Found by the path of their source, which their errors carry, and by which errors they
 * raise.
 */
export function awsLc(image: Image): Found | null {
  const { aeadSource, ownTls } = rustlsMarks(image);
  if (aeadSource.length === 0 || ownTls) return null;
  const sites = findSites(image, aeadSource);
  return typeof sites === 'string'
    ? { library: 'aws-lc', refused: sites }
    : { library: 'aws-lc', by: 'anchors', sites };
}

function findSites(image: Image, source: readonly number[]): ProbeSite[] | string {
  const raised = raisedBy(image, source);
  if (raised === null) return 'more code refers to aead.c than AWS-LC has';
  const sites: ProbeSite[] = [];
  for (const { call, raises, never } of MARKS) {
    const fitting = [...raised].filter(
      ([, reasons]) => raises.every((r) => reasons.has(r)) && !never.some((r) => reasons.has(r)),
    );
    const [only] = fitting;
    if (only === undefined || fitting.length > 1) {
      return `${fitting.length} functions look like ${call}`;
    }
    const entry = image.offsetOf(only[0]);
    if (entry === null) return `${call} is not in the file`;
    sites.push({ call, entry, returns: [] });
  }
  return sites;
}

/** Functions that raise errors of aead.c, by address, and the reasons. null: too many places to be it. */
function raisedBy(
  image: Image,
  source: readonly number[],
): Map<number, ReadonlySet<number>> | null {
  // A path that was made relative to the package begins where it was found.
  const starts = source.flatMap((address) => [address, image.startOfString(address) ?? address]);
  const references = image.references([...new Set(starts)]);
  if (references.length > REFERENCES_MAX) return null;
  const raised = new Map<number, ReadonlySet<number>>();
  for (const { from } of references) {
    const range = image.functionAt(from);
    if (range === null || raised.has(range.start)) continue;
    const reasons = thirdArguments(image, range);
    if (reasons !== null) raised.set(range.start, reasons);
  }
  return raised;
}
