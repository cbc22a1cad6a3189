import type { ExecEvent, ImageFact, ImageId, ProcessFact, ProcessKey } from '../event/index.js';
import { MARKS } from './environment.js';

/** Who is to be identified, as far as it is known. null: not asked yet, or not answered. */
export interface Subject {
  readonly key: ProcessKey;
  /** The executed file, as the kernel resolved it. Empty: unknown. */
  readonly exe: string;
  /** The kernel could walk only the end of `exe`. */
  readonly exeTruncated: boolean;
  readonly argv: readonly string[];
  /** Empty: unknown. */
  readonly cwd: string;
  readonly file: ImageId | null;
  /** What that file holds. */
  readonly image: ImageFact | null;
  readonly uid: number;
  readonly user: string | null;
  /** As the kernel numbers it: tells that two are the same without their paths. */
  readonly cgroupId: bigint | null;
  readonly cgroup: string | null;
  /** Values of names that a rule asks for. null: what the kernel told was not all. */
  readonly env: Readonly<Record<string, string>> | null;
  /** Names in its environment that an agent gives to what it starts: a hint, never an identity. */
  readonly marks: readonly string[];
  /** The process was looked up: what is null now stays so. */
  readonly lookedUp: boolean;
}

export const subjectOfExec = (exec: ExecEvent, user: string | null): Subject => ({
  key: exec.key,
  exe: exec.path,
  exeTruncated: exec.pathTruncated,
  argv: exec.argv,
  cwd: exec.cwd,
  file: exec.file,
  image: null,
  uid: exec.uid,
  user,
  cgroupId: exec.cgroupId,
  cgroup: null,
  env: exec.envTruncated ? null : exec.env,
  marks: MARKS.filter((name) => Object.hasOwn(exec.env, name)),
  lookedUp: false,
});

/** A process known only by name: its exec was lost, or it existed before. */
export const bareSubject = (key: ProcessKey): Subject => ({
  key,
  exe: '',
  exeTruncated: true,
  argv: [],
  cwd: '',
  file: null,
  image: null,
  // (uid_t)-1: no account.
  uid: 0xffff_ffff,
  user: null,
  cgroupId: null,
  cgroup: null,
  env: null,
  marks: [],
  lookedUp: false,
});

/** Adds what was found out; what the kernel said stays. */
export const withFact = (subject: Subject, fact: ProcessFact): Subject => ({
  ...subject,
  exe: subject.exeTruncated ? (fact.exe ?? subject.exe) : subject.exe,
  exeTruncated: false,
  argv: subject.argv.length > 0 ? subject.argv : (fact.argv ?? []),
  cwd: subject.cwd === '' ? (fact.cwd ?? '') : subject.cwd,
  file: subject.file ?? fact.file ?? null,
  uid: subject.exe === '' ? (fact.uid ?? subject.uid) : subject.uid,
  user: subject.user ?? fact.user ?? null,
  cgroup: fact.cgroup ?? '',
  env: { ...fact.env, ...subject.env },
  lookedUp: true,
});
