import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { CliError, EXIT } from '../cli/index.js';
import type { Posix } from '../kernel/index.js';

/**
 * Makes the directory when there is none; one that is there keeps its mode, but nobody else may put links into it.
 * Throws a CliError.
 */
export const prepareDirectory = (path: string, mode: number): void => {
  let found: Stats;
  try {
    makeDirectory(path, mode);
    found = statSync(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const exitCode = code === 'EACCES' || code === 'EPERM' ? EXIT.notPermitted : EXIT.unavailable;
    const remedy = 'run it as root, or choose others with --state-dir and --run-dir';
    throw new CliError(exitCode, `${path} cannot be prepared: ${code}`, remedy);
  }
  if (!found.isDirectory()) {
    const remedy = 'remove it, or choose others with --state-dir and --run-dir';
    throw new CliError(EXIT.unavailable, `${path} is not a directory`, remedy);
  }
  const self = process.geteuid?.() ?? 0;
  if (found.uid === self && (found.mode & 0o002) === 0) return;
  const whose = found.uid === self ? 'can be written by everybody' : `belongs to uid ${found.uid}`;
  const remedy = `run: chown ${self} ${path} && chmod o-w ${path}`;
  throw new CliError(
    EXIT.notPermitted,
    `${path} ${whose}: a link in it could lead anywhere`,
    remedy,
  );
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

/** Names of their own, for one directory may be both. */
const LOCKS = { state: 'lock', run: 'watchfloor.lock' } as const;

/**
 * One daemon for one state directory, and one for one directory of sockets: it would take the other's socket away. The
 * lock is held until the answer is called, or the process ends. Throws a CliError when another one holds it.
 */
export const lockDirectory = (
  directory: string,
  use: keyof typeof LOCKS,
  posix: Posix,
): (() => void) => {
  const path = join(directory, LOCKS[use]);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  const fd = openSync(path, flags, 0o600);
  if (!posix.flockExclusive(fd)) {
    closeSync(fd);
    const pid = readFileSync(path, 'utf8').trim();
    throw new CliError(
      EXIT.unavailable,
      `another watchfloor${pid === '' ? '' : ` (pid ${pid})`} runs on ${directory}`,
      'stop it first, or choose another directory with --state-dir and --run-dir',
    );
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`, 0);
  return () => {
    closeSync(fd);
  };
};
