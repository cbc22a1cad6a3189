import type { ExecEvent, ProcessFact, ProcessKey } from '../event/index.js';

/** Who is to be identified, as far as it is known. null: not asked yet, or not answered. */
export interface Subject {
  readonly key: ProcessKey;
  /** The executed file, as the kernel resolved it. Empty: unknown. */
  readonly exe: string;
  /** The kernel could walk only the end of `exe`. */
  readonly exeTruncated: boolean;
  readonly argv: readonly string[];
  readonly uid: number;
  readonly user: string | null;
  readonly cgroup: string | null;
  readonly env: Readonly<Record<string, string>> | null;
  /** The process was looked up: what is null now stays so. */
  readonly lookedUp: boolean;
}

export const subjectOfExec = (exec: ExecEvent, user: string | null): Subject => ({
  key: exec.key,
  exe: exec.path,
  exeTruncated: exec.pathTruncated,
  argv: exec.argv,
  uid: exec.uid,
  user,
  cgroup: null,
  env: null,
  lookedUp: false,
});

/** A process known only by name: its exec was lost, or it existed before. */
export const bareSubject = (key: ProcessKey): Subject => ({
  key,
  exe: '',
  exeTruncated: true,
  argv: [],
  // (uid_t)-1: no account.
  uid: 0xffff_ffff,
  user: null,
  cgroup: null,
  env: null,
  lookedUp: false,
});

/** Adds what was found out; what the kernel said stays. */
export const withFact = (subject: Subject, fact: ProcessFact): Subject => ({
  ...subject,
  exe: subject.exeTruncated ? (fact.exe ?? subject.exe) : subject.exe,
  exeTruncated: false,
  argv: subject.argv.length > 0 ? subject.argv : (fact.argv ?? []),
  uid: subject.exe === '' ? (fact.uid ?? subject.uid) : subject.uid,
  user: subject.user ?? fact.user ?? null,
  cgroup: fact.cgroup ?? '',
  env: fact.env ?? {},
  lookedUp: true,
});
