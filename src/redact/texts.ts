import { cleanArgv, cleanCommandLine } from './argv.js';
import type { Redactions } from './mark.js';
import { Remembered } from './remembered.js';
import { cleanText, cleanTokens } from './text.js';
import { cleanPath } from './url.js';

/** The kernel gives paths and command lines of 4 KiB; what is longer came another way and is cut. */
const MAX_CHARACTERS = 8192;
const MAX_ITEMS = 1024;
const MAX_LIST_CHARACTERS = 65_536;
/** The longest of them is an image reference: host, path, tag and digest. */
const MAX_ID_CHARACTERS = 512;

/** Command lines that came out as they went in: that of a process comes again in each of its records. */
const CLEAN = new WeakSet<readonly string[]>();

const PLAIN = new Remembered(cleanText);
const NAMES = new Remembered(cleanTokens);

/** The texts of one record, each cleaned as what it is. Fields are named as in the record. */
export class Texts {
  constructor(private readonly redactions: Redactions) {}

  /** A word, such as a host name or a method. */
  name(field: string, text: string): string {
    return NAMES.clean(cut(text), () => this.redactions.of(field));
  }

  /** What a container's runtime calls something; whoever may make a cgroup gives these names. */
  id(field: string, text: string): string {
    return PLAIN.clean(text.slice(0, MAX_ID_CHARACTERS), () => this.redactions.of(field));
  }

  names(field: string, texts: readonly string[]): string[] {
    return cutList(texts).map((text) => this.name(field, text));
  }

  /** A path, or a host that may be a URL. */
  plain(field: string, text: string): string {
    return PLAIN.clean(cut(text), () => this.redactions.of(field));
  }

  /** The target of a request. */
  path(field: string, text: string): string {
    const mark = this.redactions.of(field);
    return cleanText(cleanPath(cut(text), mark), mark);
  }

  /** Text that may quote a command line. */
  sentence(field: string, text: string): string {
    return cleanCommandLine(cut(text), this.redactions.of(field));
  }

  sentences(field: string, texts: readonly string[]): string[] {
    return cutList(texts).map((text) => this.sentence(field, text));
  }

  argv(field: string, argv: readonly string[]): { argv: readonly string[]; cut: boolean } {
    if (CLEAN.has(argv)) return { argv, cut: false };
    const kept = cutList(argv);
    const whole = kept.length === argv.length && kept.every((text, at) => text === argv[at]);
    const cleaned = cleanArgv(kept, this.redactions.of(field));
    // A mark never looks like what it stands for, so nothing was counted either.
    if (whole && cleaned.every((text, at) => text === argv[at])) CLEAN.add(argv);
    return { argv: cleaned, cut: !whole };
  }
}

const cut = (text: string): string =>
  text.length > MAX_CHARACTERS ? text.slice(0, MAX_CHARACTERS) : text;

function cutList(texts: readonly string[]): string[] {
  const kept: string[] = [];
  let room = MAX_LIST_CHARACTERS;
  for (const text of texts) {
    if (kept.length === MAX_ITEMS || room <= 0) break;
    const item = cut(text).slice(0, room);
    kept.push(item);
    room -= item.length;
  }
  return kept;
}
