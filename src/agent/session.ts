import { createHash } from 'node:crypto';
import type { ProcessKey } from '../event/index.js';

/** Namespace of session names; a random UUID, fixed for good. */
const NAMESPACE = Buffer.from('6f0c7f0e5f0b4c2c9a3e2b8f7f1d4a95', 'hex');

/** UUIDv5 (RFC 9562 5.5) of the root process: the same after a restart of the daemon, different for every run. */
export function sessionOf(bootId: string, root: ProcessKey): string {
  const name = `${bootId}/${root.startNs}/${root.tgid}`;
  const hash = createHash('sha1').update(NAMESPACE).update(name).digest().subarray(0, 16);
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = hash.toString('hex');
  const cuts = [0, 8, 12, 16, 20, 32];
  return cuts
    .slice(1)
    .map((end, i) => hex.slice(cuts[i], end))
    .join('-');
}
