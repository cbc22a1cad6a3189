import { statSync } from 'node:fs';
import type { ImageId, ProcessFact, ProcessKey } from '../event/index.js';
import { cgroupPath } from './cgroup.js';
import type { Containers } from './container.js';
import { isDeleted } from './deleted.js';
import { imageIdOf } from './file-identity.js';
import { isFileAt } from './files.js';
import {
  commOf,
  effectiveIds,
  innerPid,
  procPath,
  readBounded,
  readLink,
  readText,
  whileAlive,
} from './procfs.js';
import type { Users } from './users.js';

const MAX_CMDLINE_BYTES = 64 * 1024;
const MAX_ENVIRON_BYTES = 2 * 1024 * 1024;
const MAX_STATUS_BYTES = 64 * 1024;
const DELETED = ' (deleted)';

/** What `/proc` says of a process, or `gone`. */
export const processFact = (key: ProcessKey, wanted: Wanted, tables: Tables): ProcessFact => {
  const found = whileAlive(key, () => read(key.tgid, wanted, tables));
  return found === null
    ? { fact: 'process', key, gone: true }
    : { fact: 'process', key, gone: false, ...found };
};

interface Wanted {
  /** The only variables whose values are kept. */
  readonly env: readonly string[];
  /** Where it was executed, when it is asked whether that file is gone. */
  readonly ranAt: string | undefined;
}

interface Tables {
  readonly users: Users;
  readonly containers: Containers;
}

type Found = Omit<ProcessFact, 'fact' | 'key' | 'gone'>;

const read = (tgid: number, { env, ranAt }: Wanted, { users, containers }: Tables): Found => {
  const file = executableId(tgid);
  const exe = executablePath(tgid, file);
  const cwd = readLink(procPath(tgid, 'cwd'));
  const cmdline = readBounded(procPath(tgid, 'cmdline'), MAX_CMDLINE_BYTES);
  const comm = commOf(tgid);
  const status = readText(procPath(tgid, 'status'), MAX_STATUS_BYTES) ?? '';
  const ids = effectiveIds(status);
  const nsPid = innerPid(status);
  const groups = readText(procPath(tgid, 'cgroup'), MAX_STATUS_BYTES) ?? '';
  const cgroup = cgroupPath(groups);
  const container = containers.of(groups);
  return {
    ...(exe !== null && { exe }),
    ...(file !== null && { file }),
    ...(exe !== null && ranAt !== undefined && { exeGone: isDeleted(tgid, [ranAt, exe]) }),
    ...(comm !== null && { comm }),
    ...(cwd !== null && { cwd }),
    ...(cmdline !== null && { argv: splitStrings(cmdline) }),
    ...(ids !== null && { uid: ids.uid, gid: ids.gid, user: users.name(ids.uid) }),
    ...(cgroup !== null && { cgroup }),
    ...(container !== null && { container }),
    ...(nsPid !== null && { nsPid }),
    ...(env.length > 0 && { env: environment(tgid, env) }),
  };
};

/** Of the file itself, wherever and however often it is named. */
const executableId = (tgid: number): ImageId | null => {
  try {
    return imageIdOf(statSync(procPath(tgid, 'exe'), { bigint: true }));
  } catch {
    return null;
  }
};

/** The kernel appends a word to the name of a deleted file; a file may as well be called that. */
export const executablePath = (tgid: number, file: ImageId | null): string | null => {
  const link = readLink(procPath(tgid, 'exe'));
  if (link?.endsWith(DELETED) !== true) return link;
  const really = file !== null && isFileAt(procPath(tgid, `root${link}`), file);
  return really ? link : link.slice(0, -DELETED.length);
};

const splitStrings = (bytes: Buffer): string[] => {
  if (bytes.length === 0) return [];
  const end = bytes.at(-1) === 0 ? bytes.length - 1 : bytes.length;
  return bytes.toString('utf8', 0, end).split('\0');
};

const environment = (tgid: number, wanted: readonly string[]): Record<string, string> => {
  const found = new Map<string, string>();
  const bytes = readBounded(procPath(tgid, 'environ'), MAX_ENVIRON_BYTES);
  for (const entry of bytes === null ? [] : splitStrings(bytes)) {
    const equals = entry.indexOf('=');
    const name = entry.slice(0, equals);
    // As in getenv(3) the first one counts.
    if (equals > 0 && wanted.includes(name) && !found.has(name))
      found.set(name, entry.slice(equals + 1));
  }
  return Object.fromEntries(found);
};
