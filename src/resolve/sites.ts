import type { Image } from '../elf/index.js';
import type { ProbeSite, TlsCall } from '../event/index.js';

/** Probe sites at the beginning of these functions. Those whose code is not in the file are left out. */
export function sitesAt(
  image: Image,
  calls: Iterable<readonly [TlsCall, number | undefined]>,
): ProbeSite[] {
  const sites: ProbeSite[] = [];
  for (const [call, address] of calls) {
    const entry = address === undefined ? null : image.offsetOf(address);
    if (entry !== null) sites.push({ call, entry, returns: [] });
  }
  return sites;
}

/** A stack from which nothing can be read is none: at least one function that writes and one that reads. */
export const isReadable = (sites: readonly ProbeSite[]): boolean =>
  sites.some(({ call }) => call.startsWith('write')) &&
  sites.some(({ call }) => call.startsWith('read'));
