import { globMatches, type AgentRule } from '../event/index.js';
import { isToldByKernel } from './environment.js';
import { exeMatches } from './paths.js';
import { runningOf } from './running.js';
import type { Subject } from './subject.js';

/** Which fact must come before it can be said. */
export type Need = 'user' | 'process' | 'image';
export type Match = 'yes' | 'no' | Need;
export type ConditionName = keyof AgentRule['match'];

type Check = (match: AgentRule['match'], subject: Subject) => Match;

/** In the order of what they cost: a process is looked up only when everything else about it fits. */
const CHECKS: readonly (readonly [ConditionName, Check])[] = [
  ['file', ({ file = [] }, subject) => fileMatches(file, subject)],
  ['exe', ({ exe = [] }, subject) => said(filesOf(subject).some((one) => anyExe(exe, one)))],
  ['argv', ({ argv = [] }, subject) => said(anyGlob(argv, subject.argv.join(' ')))],
  ['env', ({ env = {} }, subject) => envMatches(env, subject)],
  [
    'user',
    ({ user = [] }, subject) =>
      subject.user === null ? 'user' : said(user.includes(subject.user)),
  ],
  ['build_id', ({ build_id = [] }, subject) => imageMatches(build_id, subject, 'buildId')],
  ['sha256', ({ sha256 = [] }, subject) => imageMatches(sha256, subject, 'sha256')],
  ['cgroup', ({ cgroup = [] }, subject) => onCgroup(subject, (path) => anyGlob(cgroup, path))],
  [
    'unit',
    ({ unit = [] }, subject) =>
      onCgroup(subject, (path) => unit.some((name) => isUnit(name, unitOf(path)))),
  ],
];

/** All conditions given must match, within a list any. */
export function matchRule({ match }: AgentRule, subject: Subject): Match {
  if (subject.exeTruncated) return 'process';
  // A kernel thread executes nothing, so not even `*` is about it.
  if (subject.exe === '' || Object.keys(match).length === 0) return 'no';
  let need: Need | null = null;
  for (const [name, check] of CHECKS) {
    if (match[name] === undefined) continue;
    const result = check(match, subject);
    if (result === 'no') return 'no';
    if (result !== 'yes') need ??= result;
  }
  return need ?? 'yes';
}

/** Each condition a rule has, for whoever asks why. */
export const conditionsOf = (
  { match }: AgentRule,
  subject: Subject,
): readonly { readonly name: ConditionName; readonly result: Match }[] =>
  CHECKS.filter(([name]) => match[name] !== undefined).map(([name, check]) => ({
    name,
    result: check(match, subject),
  }));

/**
 * A rule whose conditions a child has from its parent without doing anything. Such a rule is not about the program, and
 * says nothing new of whatever an agent starts.
 */
export const isInherited = ({ match }: AgentRule): boolean =>
  [match.argv, match.file, match.sha256, match.build_id].every((one) => one === undefined) &&
  (match.exe === undefined || match.exe.some((glob) => /^[*/]+$/.test(glob)));

/** The innermost systemd unit a cgroup path names. */
export const unitOf = (cgroup: string): string =>
  cgroup.split('/').findLast((part) => /\.(service|scope|slice)$/.test(part)) ?? '';

const said = (yes: boolean): Match => (yes ? 'yes' : 'no');

const anyGlob = (globs: readonly string[], text: string): boolean =>
  globs.some((glob) => globMatches(glob, text));

const anyExe = (globs: readonly string[], exe: string): boolean =>
  globs.some((glob) => exeMatches(glob, exe));

/** The executed file, what the dynamic linker loads, and the script an interpreter runs. */
function filesOf({ exe, argv, cwd }: Subject): readonly string[] {
  const running = runningOf(exe, argv, cwd);
  return [...new Set([exe, running.exe, running.script])].filter((one) => one !== '');
}

/** As the kernel numbers devices: twelve bits of major, twenty of minor. */
function fileMatches(wanted: readonly string[], { file, lookedUp }: Subject): Match {
  if (file === null) return lookedUp ? 'no' : 'process';
  const { dev, inode } = file;
  return said(wanted.includes(`${dev >> 20n}:${dev & 0xfffffn}:${inode}`));
}

function envMatches(wanted: Readonly<Record<string, string>>, { env, lookedUp }: Subject): Match {
  const names = Object.keys(wanted);
  if (env === null) return lookedUp ? 'no' : 'process';
  const isSaid = lookedUp || names.every(isToldByKernel);
  for (const [name, glob] of Object.entries(wanted)) {
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value !== undefined && !globMatches(glob, value)) return 'no';
    if (value === undefined && (isSaid || isToldByKernel(name))) return 'no';
  }
  return isSaid ? 'yes' : 'process';
}

function imageMatches(
  wanted: readonly string[],
  { file, image, lookedUp }: Subject,
  part: 'buildId' | 'sha256',
): Match {
  if (file === null) return lookedUp ? 'no' : 'process';
  if (image === null) return 'image';
  return said(!image.gone && wanted.includes(image[part] ?? ''));
}

function onCgroup({ cgroup, lookedUp }: Subject, matches: (path: string) => boolean): Match {
  if (cgroup === null) return lookedUp ? 'no' : 'process';
  return said(matches(cgroup));
}

const isUnit = (name: string, unit: string): boolean => unit === name || unit === `${name}.service`;
