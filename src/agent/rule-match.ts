import { globMatches, isLiteral, type AgentRule, type Candidates } from '../event/index.js';
import type { Subject } from './subject.js';

/** `user`, `process`: which fact must come before it can be said. */
export type Match = 'yes' | 'no' | 'user' | 'process';

/** Bytes of a name the kernel's candidate map can hold, its NUL included. */
const CANDIDATE_BYTES = 60;

/**
 * All conditions given must match, within a list any. What costs nothing is looked at first, so a process is looked up
 * only when everything else about it fits.
 */
export function matchRule({ match }: AgentRule, subject: Subject): Match {
  const { exe, argv, user, cgroup, unit, env } = match;
  if (Object.keys(match).length === 0) return 'no';
  if (subject.exeTruncated) return 'process';
  // A kernel thread executes nothing, so not even `*` is about it.
  if (subject.exe === '') return 'no';
  if (exe !== undefined && !exe.some((glob) => exeMatches(glob, subject.exe))) return 'no';
  const line = subject.argv.join(' ');
  if (argv !== undefined && !argv.some((glob) => globMatches(glob, line))) return 'no';
  if (user !== undefined) {
    if (subject.user === null) return 'user';
    if (!user.includes(subject.user)) return 'no';
  }
  if (cgroup === undefined && unit === undefined && env === undefined) return 'yes';
  if (subject.cgroup === null || subject.env === null) return 'process';
  const path = subject.cgroup;
  if (cgroup !== undefined && !cgroup.some((glob) => globMatches(glob, path))) return 'no';
  if (unit !== undefined && !unit.some((name) => isUnit(name, unitOf(path)))) return 'no';
  return envMatches(env ?? {}, subject.env) ? 'yes' : 'no';
}

/** A glob without a slash is about the file's name, any other about its whole path. */
export const exeMatches = (glob: string, exe: string): boolean =>
  globMatches(glob, glob.includes('/') ? exe : basename(exe));

export const basename = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The innermost systemd unit a cgroup path names. */
export const unitOf = (cgroup: string): string =>
  cgroup.split('/').findLast((part) => /\.(service|scope|slice)$/.test(part)) ?? '';

const isUnit = (name: string, unit: string): boolean => unit === name || unit === `${name}.service`;

const envMatches = (
  wanted: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
): boolean =>
  Object.entries(wanted).every(([name, glob]) => {
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    return value !== undefined && globMatches(glob, value);
  });

/**
 * What the kernel must ask about for these rules to be decided: names of files, or every exec where a rule does not
 * pin the name.
 */
export function ruleCandidates(rules: readonly AgentRule[]): Candidates {
  const names = rules.flatMap(({ match }) => match.exe?.map((glob) => basename(glob)) ?? ['*']);
  const anyExec = names.some((name) => !isLiteral(name) || !fits(name));
  return { basenames: names.filter((name) => isLiteral(name) && fits(name)), parents: [], anyExec };
}

const fits = (name: string): boolean => Buffer.byteLength(name) < CANDIDATE_BYTES;
