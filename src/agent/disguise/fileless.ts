import type { ExecEvent, ImageFact, ImageId, ProcessFact } from '../../event/index.js';
import { imageIdText } from '../../event/index.js';
import { baseName } from '../../process/index.js';
import { isSameFile, isStillIts } from './moved.js';
import { quoted, type Sight } from './observation.js';
import type { Known } from './process-book.js';

/** An image a process may have made a copy of: its own before this exec, or that of who forked it. */
export interface Source {
  readonly exe: string;
  readonly image: ImageId;
}

/** What runs in the process that forked another. */
export interface ParentImage {
  readonly exe: string;
  /** null: not known. */
  readonly image: ImageId | null;
}

/** What a process ran before an exec, and what its parent runs. */
export function sourcesOf(
  before: { readonly exe: string; readonly file: ImageId | null } | undefined,
  parent: ParentImage | null,
): readonly Source[] {
  const own = before?.file ?? null;
  return [
    ...(own === null ? [] : [{ exe: before?.exe ?? '', image: own }]),
    ...(parent === null || parent.image === null ? [] : [{ exe: parent.exe, image: parent.image }]),
  ];
}

/** The kernel calls a memfd `memfd:` and what its maker chose; it lies in no directory. */
export const isMemfd = ({ nlink, path }: ExecEvent): boolean =>
  nlink === 0 && path.startsWith('/memfd:');

/** It runs the very file again that it or who forked it already ran. */
export const isSameAgain = (event: ExecEvent, sources: readonly Source[]): boolean =>
  sources.some(({ image }) => isSameFile(image, event.file));

/** Five times runc. Reading 99 MiB held the daemon up for a quarter of a second. */
const COMPARED_MAX_BYTES = 64n * 1024n * 1024n;

/** What must be compared: runc executes itself from a copy in memory, so equal sizes are looked into. */
export const likelySources = (event: ExecEvent, sources: readonly Source[]): readonly Source[] => {
  const { size } = event.file;
  if (size === 0n || size > COMPARED_MAX_BYTES) return [];
  const fits = sources.filter(({ image }) => image.size === size);
  return [...new Map(fits.map((source) => [imageIdText(source.image), source])).values()];
};

/** Exactly the same content: digest, build id and size. */
export const isCopy = (a: ImageFact, b: ImageFact): boolean =>
  !a.gone &&
  !b.gone &&
  a.image.size === b.image.size &&
  a.buildId === b.buildId &&
  a.sha256 !== undefined &&
  a.sha256 === b.sha256;

/** `unread`: it has the size of what its process ran before, and could not be compared with that. */
export function seeFileless(event: ExecEvent, unread: Source | null): Sight {
  return {
    rule: 'exec.fileless',
    way: 'memfd',
    severity: unread === null ? 'high' : 'low',
    summary: `${quoted(baseName(event.path))} was executed from memory`,
    evidence: [
      `the executed file is ${quoted(event.path)}, which lies in no directory`,
      ...(unread === null
        ? []
        : [
            `it is as large as ${unread.exe}, and the two could not be compared: gone, or too many at once`,
          ]),
    ],
  };
}

/** Executed after the last name of the file was removed. */
export const seeDeleted = (event: ExecEvent): Sight => ({
  rule: 'exec.deleted',
  way: 'unlinked',
  severity: 'low',
  summary: `${quoted(baseName(event.path))} was executed after its file was removed`,
  evidence: [`the executed file was ${quoted(event.path)}, and has no name any more`],
});

/** Executed by a name, and looked at while it runs: the last name of its file is gone, and nothing took its place. */
export function seeDeletedSince(
  { exe, file, ranAt }: Pick<Known, 'exe' | 'file' | 'ranAt'>,
  fact: ProcessFact,
): Sight | null {
  if (ranAt === null || fact.exeGone !== true || !isStillIts({ exe, file }, fact)) return null;
  return {
    rule: 'exec.deleted',
    way: 'while_running',
    severity: 'low',
    summary: `${quoted(baseName(exe))} runs on after its file was removed`,
    evidence: [
      `it executed ${quoted(exe)}, which has no name any more while it runs`,
      'no other file stands in its place, as one does after an upgrade',
    ],
  };
}
