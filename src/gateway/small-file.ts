import { randomUUID } from 'node:crypto';
import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { link, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
const MAX_BYTES = 64 * 1024;

/** Makes it and what is above it, 0700. */
export function makeDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE });
}

/** Whole and durable when it resolves, or as it was before. */
export async function writeDurably(path: string, bytes: Uint8Array | string): Promise<void> {
  await rename(await draft(path, bytes), path);
  await syncDirectory(dirname(path));
}

/** The same for what is written once: false when there is such a file already, which stays. */
export async function writeOnce(path: string, bytes: Uint8Array | string): Promise<boolean> {
  const from = await draft(path, bytes);
  try {
    await link(from, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(from, { force: true });
  }
  await syncDirectory(dirname(path));
  return true;
}

/** null: there is no such file. Throws for one that is no regular file, or far too large. */
export function readSmall(path: string): Buffer | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > MAX_BYTES)
      throw new Error(`${path} is not what it should be`);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** A file beside it with these bytes, durable. */
async function draft(path: string, bytes: Uint8Array | string): Promise<string> {
  // Of its own name: two may write at once, and what a crash left is in nobody's way.
  const name = `${path}.${randomUUID()}.new`;
  const file = await open(name, 'wx', FILE_MODE);
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
  return name;
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
