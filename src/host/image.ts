import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { readProgram, type FileReader, type ProgramResult } from '../elf/index.js';
import {
  imageIdText,
  type Command,
  type ImageFact,
  type ImageId,
  type ProcessKey,
} from '../event/index.js';
import { baseName } from '../process/index.js';
import { MAX_HASHED_BYTES, sampleOf, sha256Of } from './digest.js';
import { fileIdOf, imageIdOf } from './file-identity.js';
import { readerOf, type OpenFile } from './files.js';
import { isOwnProgram, kindBySymbols, WANTED } from './image-kind.js';
import { InstalledPrograms } from './installed.js';
import { readMaps } from './maps.js';
import { procPath } from './procfs.js';

export type ImageQuestion = Command & { readonly do: 'look_up_image' };

/** Images remembered; the one not asked for the longest goes. */
const IMAGES_MAX = 2048;

/** A file that makes its reader hop about is no program of ours: real ones need some two hundred reads. */
const READS_MAX = 2000;

/** Tried among the mappings of a process. */
const MAPPINGS_TRIED_MAX = 8;

/** What one content of a file holds, whatever it is called. */
interface Content {
  readonly key: string | null;
  readonly program: ProgramResult;
  sha256: string | null | undefined;
}

/** Answers what is in an executable file. Each content is read once; a digest is made when a question asks for it. */
export class Images {
  readonly #contents = new Map<string, Content>();
  readonly #installed: InstalledPrograms;

  constructor(dirs?: readonly string[]) {
    this.#installed = new InstalledPrograms(
      (file) => contentKey(file, readProgram(limited(file), WANTED)),
      dirs,
    );
  }

  /** Never throws. `gone`: nothing with exactly that device, inode, change time and size was to be had. */
  fact(question: ImageQuestion): ImageFact {
    const { image } = question;
    const content = this.#content(question);
    if (content === null) return { fact: 'image', image, gone: true };
    const { program, sha256 } = content;
    return {
      fact: 'image',
      image,
      gone: false,
      buildId: program.ok ? (program.buildId ?? '') : '',
      ...(question.sha256 && sha256 !== null && sha256 !== undefined && { sha256 }),
      ...this.#likeness(content, question),
    };
  }

  #likeness(
    { key, program }: Content,
    { image, path }: ImageQuestion,
  ): Required<Pick<ImageFact, 'kind' | 'twin'>> {
    if (!program.ok || isOwnProgram(program)) return { kind: null, twin: null };
    const same = key === null ? [] : this.#installed.withContent(key);
    const kind = kindBySymbols(program, Number(image.size));
    const name = baseName(path);
    const isNamedSo = same.some((one) => baseName(one.path) === name);
    return {
      kind: kind ?? same.find((one) => one.kind !== null)?.kind ?? null,
      twin: isNamedSo ? null : (same[0]?.path ?? null),
    };
  }

  #content(question: ImageQuestion): Content | null {
    const id = imageIdText(question.image);
    const known = this.#contents.get(id);
    const isEnough = known !== undefined && (!question.sha256 || known.sha256 !== undefined);
    const content = isEnough ? known : read(question);
    if (content === null) return known ?? null;
    this.#contents.delete(id);
    this.#contents.set(id, content);
    const oldest = this.#contents.keys().next();
    if (this.#contents.size > IMAGES_MAX && oldest.done !== true)
      this.#contents.delete(oldest.value);
    return content;
  }
}

const read = ({ image, path, through, sha256 }: ImageQuestion): Content | null => {
  const file = openImage(image, path, through);
  if (file === null) return null;
  try {
    const program = readProgram(limited(file), WANTED);
    const digest = sha256 ? sha256Of(file.fd, file.size) : undefined;
    // Its disk or its file system gave out: as if it were gone.
    if (digest === null && file.size <= MAX_HASHED_BYTES) return null;
    return { key: contentKey(file, program), program, sha256: digest };
  } finally {
    closeSync(file.fd);
  }
};

/** Names a content: the linker's id, or, where a program has none, samples of it. null: no program. */
const contentKey = (file: OpenFile, program: ProgramResult): string | null => {
  if (!program.ok) return null;
  return program.buildId === null
    ? `sample:${file.size}:${sampleOf(file.fd, file.size)}`
    : `build:${file.size}:${program.buildId}`;
};

/**
 * By the process's own link, which no mount and no rename leads astray; by its name in our mount namespace; or by one of
 * the mappings of a process that had its link changed. The caller closes.
 */
const openImage = (image: ImageId, path: string, through: ProcessKey): OpenFile | null =>
  openIfImage(procPath(through.tgid, 'exe'), image) ??
  (path.startsWith('/') ? openIfImage(path, image) : null) ??
  openMapped(image, through);

const openMapped = (image: ImageId, { tgid }: ProcessKey): OpenFile | null => {
  const mapped = (readMaps(tgid) ?? []).filter(({ inode }) => inode === image.inode);
  for (const { range } of mapped.slice(0, MAPPINGS_TRIED_MAX)) {
    const file = openIfImage(procPath(tgid, `map_files/${range}`), image);
    if (file !== null) return file;
  }
  return null;
};

/** Asks who it is before it opens, so that no FIFO and no device is opened, and again after. */
const openIfImage = (path: string, image: ImageId): OpenFile | null => {
  let fd: number | null = null;
  try {
    const before = statSync(path, { bigint: true });
    if (!before.isFile() || !isImage(imageIdOf(before), image)) return null;
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile() || !isImage(imageIdOf(stat), image)) {
      closeSync(fd);
      return null;
    }
    return { fd, id: fileIdOf(stat), size: Number(stat.size), version: imageIdText(image) };
  } catch {
    if (fd !== null) closeSync(fd);
    return null;
  }
};

const isImage = (a: ImageId, b: ImageId): boolean => imageIdText(a) === imageIdText(b);

const limited = (file: OpenFile): FileReader => {
  const reader = readerOf(file);
  let reads = 0;
  return {
    size: reader.size,
    read: (offset, length) => {
      reads += 1;
      return reads > READS_MAX ? new Uint8Array(0) : reader.read(offset, length);
    },
  };
};
