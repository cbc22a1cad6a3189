import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { CliError, EXIT } from '../cli/index.js';
import type { Posix } from '../kernel/index.js';

/** Makes the directory when there is none; one that is there keeps its mode. Throws a CliError. */
export const prepareDirectory = (path: string, mode: number): void => {
  try {
    makeDirectory(path, mode);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const exitCode = code === 'EACCES' || code === 'EPERM' ? EXIT.notPermitted : EXIT.unavailable;
    const remedy = 'run it as root, or choose others with --state-dir and --run-dir';
    throw new CliError(exitCode, `${path} cannot be prepared: ${code}`, remedy);
  }
};

/**
 * One level at a time: Node's own recursion never returns where a file system answers a mkdir below an existing
 * directory with ENOENT, as procfs does (node 20.20).
 */
const makeDirectory = (path: string, mode: number): void => {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeDirectory(parent, 0o755);
  mkdirSync(path, { mode });
  // Whatever the umask took.
  chmodSync(path, mode);
};

/**
 * One daemon for one state directory: the lock is held until the answer is called, or the process ends. Throws a
 * CliError when another one holds it.
 */
export const lockStateDir = (stateDir: string, posix: Posix): (() => void) => {
  const path = join(stateDir, 'lock');
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  const fd = openSync(path, flags, 0o600);
  if (!posix.flockExclusive(fd)) {
    closeSync(fd);
    const pid = readFileSync(path, 'utf8').trim();
    throw new CliError(
      EXIT.unavailable,
      `another watchfloor${pid === '' ? '' : ` (pid ${pid})`} runs on ${stateDir}`,
      'stop it first, or choose another directory with --state-dir and --run-dir',
    );
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`, 0);
  return () => {
    closeSync(fd);
  };
};
