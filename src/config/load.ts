import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { parseConfig } from './parse.js';
import { ConfigError } from './problem.js';
import { fitsSocket, TOO_LONG_FOR_SOCKET } from './schema.js';
import type { Config } from './schema.js';

export const DEFAULT_CONFIG_PATH = '/etc/watchfloor/config.yaml';
export const MAX_CONFIG_BYTES = 1024 * 1024;

/** What the command line may change on every command. */
export interface Overrides {
  readonly config?: string;
  readonly stateDir?: string;
  readonly runDir?: string;
}

export interface LoadedConfig {
  readonly config: Config;
  /** The file it was read from; null: no file at the default path, every key has its default. */
  readonly file: string | null;
}

/** Reads and checks the configuration. Throws a ConfigError. */
export const loadConfig = (overrides: Overrides = {}): LoadedConfig => {
  const file = overrides.config ?? DEFAULT_CONFIG_PATH;
  const text = readConfigFile(file, overrides.config === undefined);
  const config = parseConfig(text ?? '', file);
  if (overrides.runDir !== undefined && !fitsSocket(overrides.runDir)) {
    refuse(overrides.runDir, TOO_LONG_FOR_SOCKET, 'choose a shorter --run-dir');
  }
  return {
    config: {
      ...config,
      state_dir: overrides.stateDir ?? config.state_dir,
      run_dir: overrides.runDir ?? config.run_dir,
    },
    file: text === null ? null : file,
  };
};

const refuse = (file: string, message: string, remedy: string): never => {
  throw new ConfigError([{ file, key: '', message }], remedy);
};

const readConfigFile = (file: string, mayBeMissing: boolean): string | null => {
  let fd: number;
  try {
    // Not blocking: somebody may have put a FIFO there.
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && mayBeMissing) return null;
    if (code === 'ENOENT')
      return refuse(file, 'no such file', 'create it, or leave out --config for the defaults');
    return refuse(
      file,
      `cannot be opened: ${code ?? 'unknown error'}`,
      'make it readable for this user',
    );
  }
  try {
    checkFile(file, fd);
    return readText(file, fd);
  } finally {
    closeSync(fd);
  }
};

/** Whoever may write this file decides what is watched: as root that must be root alone. */
const checkFile = (file: string, fd: number): void => {
  const stat = fstatSync(fd);
  if (!stat.isFile()) refuse(file, 'is not a regular file', 'name a YAML file');
  if ((stat.mode & 0o002) !== 0) refuse(file, 'is writable by everybody', `run: chmod o-w ${file}`);
  if (process.geteuid?.() !== 0) return;
  if (stat.uid !== 0)
    refuse(file, `belongs to uid ${stat.uid}, not to root`, `run: chown root:root ${file}`);
  if ((stat.mode & 0o020) !== 0 && stat.gid !== 0) {
    refuse(file, `is writable by group ${stat.gid}`, `run: chmod g-w ${file}`);
  }
};

const readText = (file: string, fd: number): string => {
  const buffer = Buffer.alloc(MAX_CONFIG_BYTES + 1);
  let length = 0;
  while (length < buffer.length) {
    const count = readSync(fd, buffer, length, buffer.length - length, null);
    if (count === 0) break;
    length += count;
  }
  if (length > MAX_CONFIG_BYTES)
    refuse(file, `is larger than ${MAX_CONFIG_BYTES} bytes`, 'split or shorten it');
  const text = buffer.subarray(0, length);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(text);
  } catch {
    return refuse(file, 'is not valid UTF-8', 'save it as UTF-8');
  }
};
