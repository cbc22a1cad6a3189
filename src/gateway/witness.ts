import { createPrivateKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { CliError, EXIT } from '../cli/index.js';
import { cosign, formatVkey, publicKeyOf, TYPE_COSIGNATURE } from '../tlog/index.js';
import { readSmall, writeOnce } from './small-file.js';

const SEED_BYTES = 32;
/** RFC 8410: PKCS #8 of an Ed25519 key is this and the seed. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The gateway's own key for cosignatures. Whoever calls keeps the promise never to take back a size. */
export class Witness {
  /** C2SP verifier key: what a node has in `publish.gateway_key`. */
  readonly vkey: string;

  private constructor(
    private readonly name: string,
    private readonly key: KeyObject,
  ) {
    this.vkey = formatVkey(name, publicKeyOf(key), TYPE_COSIGNATURE);
  }

  /** Makes the key, 0600, where there is none. Throws a CliError for a file that is no key. */
  static async open(stateDir: string, gateway: string): Promise<Witness> {
    const path = join(stateDir, 'key');
    const found = readSmall(path);
    // Two that begin at once use the same: the one that lies there.
    if (found === null) await writeOnce(path, randomBytes(SEED_BYTES));
    const seed = found ?? readSmall(path);
    if (seed?.length !== SEED_BYTES) {
      const remedy =
        'restore it from a backup; without one, remove it and give every node the new key';
      throw new CliError(EXIT.unavailable, `${path} is not a key of ${SEED_BYTES} bytes`, remedy);
    }
    const der = Buffer.concat([PKCS8, seed]);
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    return new Witness(`watchfloor.v1/witness/${gateway}`, key);
  }

  /** The note with our cosignature. */
  cosign(note: string, nowMs: number): string {
    return cosign(note, this.name, this.key, BigInt(Math.floor(nowMs / 1000)));
  }
}
