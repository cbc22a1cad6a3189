import { findFunctions } from '../elf/index.js';
import { PROBE_FUNCTIONS } from '../event/index.js';
import type { ProbeSites } from '../event/index.js';
import { readerOf } from './files.js';
import type { OpenFile } from './files.js';

export type SitesResult =
  | { readonly ok: true; readonly sites: ProbeSites }
  | { readonly ok: false; readonly reason: string };

/** Files remembered; the one not asked for the longest goes. */
const MAX_FILES = 1024;

/** Where the TLS functions of a file are. A large program takes a tenth of a second, so answers are kept. */
export class SiteFinder {
  readonly #known = new Map<string, SitesResult>();

  find(file: OpenFile): SitesResult {
    const known = this.#known.get(file.version);
    const result = known ?? search(file);
    this.#known.delete(file.version);
    this.#known.set(file.version, result);
    const oldest = this.#known.keys().next();
    if (this.#known.size > MAX_FILES && oldest.done !== true) this.#known.delete(oldest.value);
    return result;
  }
}

const search = (file: OpenFile): SitesResult => {
  const found = findFunctions(readerOf(file), PROBE_FUNCTIONS);
  if (!found.ok) return { ok: false, reason: found.reason };
  const sites: ProbeSites = Object.fromEntries(found.functions);
  const writes = sites.SSL_write !== undefined || sites.SSL_write_ex !== undefined;
  const reads = sites.SSL_read !== undefined || sites.SSL_read_ex !== undefined;
  return writes && reads ? { ok: true, sites } : { ok: false, reason: 'no SSL functions' };
};
