import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { LinkFailure } from './failure.js';

/** More than any key, token or chain of certificates. */
const MAX_BYTES = 256 * 1024;
const OTHERS = 0o077;

/**
 * The bytes of a file that only its owner may read. What says otherwise is not used: a key that others can read is
 * theirs, too. Throws LinkFailure with what to do.
 */
export const readSecret = (path: string): Promise<Buffer> => read(path, 'auth', true);

/** The bytes of a file that need not be secret. */
export const readPublic = (path: string): Promise<Buffer> => read(path, 'tls', false);

async function read(path: string, kind: 'auth' | 'tls', secret: boolean): Promise<Buffer> {
  // A pipe in its place would keep us waiting.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      throw new LinkFailure(kind, `${path} cannot be read: ${errnoOf(error)}`);
    },
  );
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new LinkFailure(kind, `${path} is no file`);
    if (secret && (stat.mode & OTHERS) !== 0) {
      const mode = (stat.mode & 0o777).toString(8);
      throw new LinkFailure('auth', `${path} is open to others (mode ${mode}): chmod 600 ${path}`);
    }
    if (stat.size > MAX_BYTES) throw new LinkFailure(kind, `${path} is larger than 256 KiB`);
    const bytes = Buffer.alloc(stat.size);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

const errnoOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
