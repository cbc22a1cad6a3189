import { statSync } from 'node:fs';
import { readText } from './procfs.js';

const PASSWD = '/etc/passwd';
const MAX_PASSWD_BYTES = 4 * 1024 * 1024;

/** passwd(5): uid to name, the first entry of a uid wins as in getpwuid(3). */
export const parsePasswd = (text: string): Map<number, string> => {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name = '', , uid = ''] = line.split(':');
    if (name === '' || !/^\d+$/.test(uid) || names.has(Number(uid))) continue;
    names.set(Number(uid), name);
  }
  return names;
};

/** Names of the accounts of this host. Read again when the file changed; an unknown uid is its number. */
export class Users {
  #names = new Map<number, string>();
  #version = '';

  name(uid: number): string {
    this.#refresh();
    return this.#names.get(uid) ?? String(uid);
  }

  #refresh(): void {
    const stat = statSync(PASSWD, { bigint: true, throwIfNoEntry: false });
    const version = stat === undefined ? '' : `${stat.ino}:${stat.mtimeNs}:${stat.size}`;
    if (version === this.#version) return;
    this.#version = version;
    this.#names = parsePasswd(readText(PASSWD, MAX_PASSWD_BYTES) ?? '');
  }
}

/** Id of a group of this host, or null when there is none of that name. */
export const groupId = (name: string): number | null => {
  const text = readText('/etc/group', MAX_PASSWD_BYTES) ?? '';
  const gid = text
    .split('\n')
    .map((line) => line.split(':'))
    .find(([found]) => found === name)?.[2];
  return gid !== undefined && /^\d+$/.test(gid) ? Number(gid) : null;
};
