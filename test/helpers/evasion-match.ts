/** What a field of a line must be: a glob over its text, a number or a truth value, or null: it must not be there. */
export type Wanted = string | number | boolean | null;

/** Lines that must be there, or must not. */
export interface Expectation {
  /** Dotted paths into a line of `tail -o json`. */
  readonly fields: Readonly<Record<string, Wanted>>;
  /** Exactly so many; null: at least one. */
  readonly times: number | null;
  /** Paths whose text is one and the same in all the lines. */
  readonly same: readonly string[];
  /** Paths whose text is another in each line. */
  readonly distinct: readonly string[];
}

/** The lines that an expectation is about. */
export function select<T>(lines: readonly T[], { fields }: Expectation): T[] {
  const tests = Object.entries(fields).map(([path, wanted]) => test(path, wanted));
  return lines.filter((line) => tests.every((isWanted) => isWanted(line)));
}

/** An expectation of a list that grows: each line is looked at once. Too many show in the end only. */
export class Watch {
  readonly #lines: readonly unknown[];
  readonly #expectation: Expectation;
  #looked = 0;
  #found = 0;

  constructor(lines: readonly unknown[], expectation: Expectation) {
    this.#lines = lines;
    this.#expectation = expectation;
  }

  /** Enough lines are there. */
  get isMet(): boolean {
    const more = this.#lines.slice(this.#looked);
    this.#looked += more.length;
    this.#found += select(more, this.#expectation).length;
    return this.#found >= (this.#expectation.times ?? 1);
  }
}

/** What is wrong, in a sentence; null: nothing. */
export function complaint(lines: readonly unknown[], expectation: Expectation): string | null {
  const { times, same, distinct } = expectation;
  const found = select(lines, expectation);
  const what = describe(expectation);
  if (times === null ? found.length === 0 : found.length !== times) {
    return `${found.length} lines instead of ${times ?? 'at least one'}: ${what}`;
  }
  const values = (path: string): Set<string> =>
    new Set(found.map((line) => textAt(line, path.split('.')) ?? ''));
  const varying = same.find((path) => values(path).size !== 1);
  if (varying !== undefined) return `${varying} is not always the same: ${what}`;
  const repeated = distinct.find((path) => values(path).size !== found.length);
  if (repeated !== undefined) {
    return `${repeated} has ${values(repeated).size} values in ${found.length} lines: ${what}`;
  }
  return null;
}

export function describe({ fields }: Expectation): string {
  return Object.entries(fields)
    .map(([path, value]) => (value === null ? `no ${path}` : `${path} ${String(value)}`))
    .join(', ');
}

/** `*` stands for any text, `?` for one character. */
export function glob(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'su');
}

function test(path: string, wanted: Wanted): (line: unknown) => boolean {
  const steps = path.split('.');
  if (wanted === null) return (line) => textAt(line, steps) === null;
  const pattern = typeof wanted === 'string' ? glob(wanted) : null;
  return (line) => {
    const text = textAt(line, steps);
    return text !== null && (pattern?.test(text) ?? text === String(wanted));
  };
}

/** A list is its members with a space between, as a command line is shown; null: there is nothing. */
function textAt(line: unknown, steps: readonly string[]): string | null {
  let value: unknown = line;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null) return null;
    value = (value as Record<string, unknown>)[step];
  }
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return value.map(String).join(' ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
