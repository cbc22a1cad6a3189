import type { ProgramKind } from '../event/index.js';
import { fish, type Effect, type Grammar, GRAMMARS } from './grammars.js';
import { baseName, kindOfName } from './program-names.js';

/** What an interpreter, shell or dynamic linker was told to run. */
export interface Invocation {
  readonly kind: ProgramKind;
  /**
   * `file`: a script or program, named by `path`. `stdin`: what standard input holds. `inline`: text among the
   * arguments, or a module the interpreter finds itself. `none`: nothing, such as for `--version`.
   */
  readonly source: 'file' | 'stdin' | 'inline' | 'none';
  /** As written; null: `source` is another. */
  readonly path: string | null;
  /** Words with a value that were given: name and value. */
  readonly options: readonly (readonly [name: string, value: string])[];
}

const SHELL_APPLETS = new Set(['sh', 'ash', 'hush', 'bash']);

/**
 * Reads the command line as the program itself does. `kind`: what the file is, where that is known better than by its
 * name. null: `exe` is no interpreter.
 */
export function invocationOf(
  exe: string,
  argv: readonly string[],
  kind: ProgramKind | null = kindOfName(exe),
): Invocation | null {
  if (kind === null) return null;
  if (kind === 'busybox') return busybox(argv);
  const asBunx = kind === 'bun' && baseName(argv[0] ?? '') === 'bunx';
  if (asBunx) return { kind, source: 'none', path: null, options: [] };
  const isFish = kind === 'shell' && /^fish/.test(baseName(exe));
  return { kind, ...new Reading(isFish ? fish : GRAMMARS[kind], argv.slice(1)).result() };
}

/** Its name, or the first argument, says which program it is this time. */
function busybox(argv: readonly string[]): Invocation {
  const named = baseName(argv[0] ?? '').replace(/^-/, '');
  const isItself = kindOfName(named) === 'busybox';
  const applet = isItself ? (argv[1] ?? '') : named;
  if (!SHELL_APPLETS.has(applet)) {
    return { kind: 'busybox', source: 'none', path: null, options: [] };
  }
  const rest = argv.slice(isItself ? 2 : 1);
  return { kind: 'shell', ...new Reading(GRAMMARS.shell, rest).result() };
}

type Result = Omit<Invocation, 'kind'>;

class Reading {
  readonly #grammar: Grammar;
  readonly #words: readonly string[];
  readonly #options: (readonly [string, string])[] = [];
  #at = 0;
  /** What runs when no operand follows, or in spite of one. */
  #mark: 'inline_and' | 'command' | 'stdin' | 'version' | null = null;
  #done: Result | null = null;

  constructor(grammar: Grammar, words: readonly string[]) {
    this.#grammar = grammar;
    this.#words = words;
  }

  result(): Result {
    while (this.#done === null && this.#at < this.#words.length) {
      if (!this.#word(this.#words[this.#at] ?? '')) break;
    }
    return this.#done ?? this.#operand();
  }

  /** False: the options are over, and an operand may stand here. */
  #word(word: string): boolean {
    if (word === '--') return this.#end();
    if (word === '-') {
      if (this.#grammar.dash === 'end') return this.#end();
      return this.#finish('stdin');
    }
    const isOption = word.startsWith('-') || (this.#grammar.plus === true && /^\+./.test(word));
    if (!isOption) return this.#command(word);
    this.#at += 1;
    const equals = word.startsWith('--') ? word.indexOf('=') : -1;
    const name = equals < 0 ? word : word.slice(0, equals);
    const effect = own(this.#grammar.words, name);
    if (effect !== undefined) this.#apply(effect, equals < 0 ? '' : word.slice(equals + 1), name);
    else if (this.#grammar.letters !== null && !word.startsWith('--')) this.#cluster(word.slice(1));
    return true;
  }

  #end(): boolean {
    this.#at += 1;
    return false;
  }

  /** An operand that may be the name of a command. */
  #command(word: string): boolean {
    const command = own(this.#grammar.commands ?? {}, word);
    if (command === undefined) return false;
    this.#at += 1;
    return command === 'run' ? true : this.#finish(command);
  }

  #cluster(letters: string): void {
    for (let i = 0; i < letters.length && this.#done === null; i += 1) {
      const effect = own(this.#grammar.letters ?? {}, letters[i] ?? '') ?? 'flag';
      const rest = letters.slice(i + 1);
      this.#apply(effect, effect === 'apart' ? '' : rest, `-${letters[i] ?? ''}`);
      if (effect === 'digits') i += /^\d*/.exec(rest)?.[0].length ?? 0;
      else if (CONSUMES.has(effect)) return;
    }
  }

  /** `given`: a value that stands in the same word; empty: it is the next one. */
  #apply(effect: Effect, given: string, name: string): void {
    switch (effect) {
      case 'flag':
      case 'attached':
      case 'digits':
        return;
      case 'value':
      case 'apart':
        this.#options.push([name, this.#value(given)]);
        return;
      case 'inline_and':
        this.#value(given);
        this.#mark = effect;
        return;
      case 'file':
        this.#finish('file', this.#value(given));
        return;
      case 'inline':
      case 'module':
        this.#finish('inline');
        return;
      case 'none':
        this.#finish('none');
        return;
      case 'version':
        this.#mark ??= effect;
        return;
      case 'stdin':
        if (this.#mark !== 'command') this.#mark = effect;
        return;
      case 'command':
        this.#mark = effect;
    }
  }

  #value(given: string): string {
    if (given !== '') return given;
    this.#at += 1;
    return this.#words[this.#at - 1] ?? '';
  }

  #operand(): Result {
    const word = this.#words[this.#at];
    if (this.#mark === 'command') return this.#made('inline');
    if (this.#mark === 'stdin') return this.#made('stdin');
    if (word !== undefined && word !== '') return this.#made('file', word);
    if (this.#mark === 'inline_and') return this.#made('inline');
    if (this.#mark === 'version') return this.#made('none');
    return this.#made(this.#grammar.bare);
  }

  #finish(source: Result['source'], path: string | null = null): true {
    this.#done = this.#made(source, path);
    return true;
  }

  #made(source: Result['source'], path: string | null = null): Result {
    return { source, path, options: this.#options };
  }
}

/** After these no more letters of the cluster are options. */
const CONSUMES: ReadonlySet<Effect> = new Set([
  'value',
  'attached',
  'inline',
  'inline_and',
  'file',
  'module',
]);

/** Words come from hostile command lines: `__proto__` is no option. */
const own = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
