import type { ImageId, ProcessFact } from '../../event/index.js';
import { baseName } from '../../process/index.js';
import { nameIn, related } from './names.js';
import { quoted, type Sight } from './observation.js';

/** What a process was when it executed something. */
export interface Started {
  readonly exe: string;
  readonly file: ImageId | null;
  readonly argv: readonly string[];
}

/**
 * What a look at the process contradicts of its last exec. Either an exec came in between, or the process changed it
 * itself (PR_SET_MM_EXE_FILE, PR_SET_MM_ARG_START of prctl(2)); whoever asks must tell these apart. null: nothing.
 */
export function seeMoved(started: Started, fact: ProcessFact): Sight | null {
  const { file, exe = '' } = fact;
  if (started.file !== null && file !== undefined && !isStillIts(started, fact)) {
    return {
      rule: 'agent.masquerade',
      way: 'file',
      severity: 'high',
      summary: `${baseName(started.exe)} claims to run ${baseName(exe)}`,
      evidence: [
        `it executed ${started.exe}, and the kernel's link now leads to ${quoted(exe)}`,
        'it executed nothing since',
      ],
    };
  }
  return seeCommandLine(started, fact.argv ?? []);
}

/**
 * A title (setproctitle, Node's process.title) is one text in the place of all arguments. Several arguments behind a
 * name that is not the program's are a made-up command line.
 */
function seeCommandLine(started: Started, argv: readonly string[]): Sight | null {
  const [now = ''] = argv;
  const [then = ''] = started.argv;
  const isTitle = argv.slice(1).every((argument) => argument === '');
  if (isTitle || then === '' || now === '' || now === then) return null;
  const name = nameIn(now);
  const own = [baseName(started.exe), ...started.argv.slice(0, 2).map(nameIn)];
  if (own.some((one) => related(one, name))) return null;
  return {
    rule: 'agent.masquerade',
    way: 'command_line',
    severity: 'medium',
    summary: `${baseName(started.exe)} shows the command line of ${quoted(name)}`,
    evidence: [
      `its command line now begins with ${quoted(now)}, and at its exec it began with ${quoted(then)}`,
      `it executed ${started.exe}, and nothing since`,
    ],
  };
}

/**
 * What a look shows is the file that was executed. Where stat(2) has another device number, removing its last name still
 * set the change time, so its name counts.
 */
export const isStillIts = (
  { exe, file }: Pick<Started, 'exe' | 'file'>,
  fact: ProcessFact,
): boolean => {
  const now = fact.file;
  if (file === null || now === undefined) return false;
  const isAlike = file.inode === now.inode && file.size === now.size;
  return isSameFile(file, now) || (isAlike && fact.exe === exe);
};

/**
 * Some file systems give stat(2) another device number than the kernel has inside, and a change of name sets the change
 * time; both at once, with the same inode number and size, is the same file.
 */
export const isSameFile = (a: ImageId, b: ImageId): boolean =>
  a.inode === b.inode && a.size === b.size && (a.dev === b.dev || a.changedNs === b.changedNs);
