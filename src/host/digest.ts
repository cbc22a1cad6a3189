import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';

/** Larger files have no digest: a daemon that hashes for a second watches nothing meanwhile. */
export const MAX_HASHED_BYTES = 512 * 1024 * 1024;

const CHUNK_BYTES = 1024 * 1024;
const SAMPLE_BYTES = 4096;
const SAMPLES = 16;

/** SHA-256 of a whole file in hexadecimal; null: too large, or it could not be read as far as it said. */
export function sha256Of(fd: number, size: number): string | null {
  if (size > MAX_HASHED_BYTES) return null;
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(1, size)));
  for (let at = 0; at < size;) {
    const count = readAt(fd, chunk, at);
    if (count === 0) return null;
    hash.update(chunk.subarray(0, Math.min(count, size - at)));
    at += count;
  }
  return hash.digest('hex');
}

/** Of some places all over the file: cheap, and equal for equal files. */
export function sampleOf(fd: number, size: number): string {
  const hash = createHash('sha256');
  const sample = Buffer.allocUnsafe(SAMPLE_BYTES);
  const last = Math.max(0, size - SAMPLE_BYTES);
  for (let i = 0; i < SAMPLES; i += 1) {
    const count = readAt(fd, sample, Math.floor((last * i) / (SAMPLES - 1)));
    hash.update(sample.subarray(0, count));
  }
  return hash.digest('hex');
}

const readAt = (fd: number, buffer: Buffer, at: number): number => {
  try {
    return readSync(fd, buffer, 0, buffer.length, at);
  } catch {
    return 0;
  }
};
