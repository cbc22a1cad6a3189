import { isAlias, isMap, isScalar, Lexer, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, Node } from 'yaml';
import type { z } from 'zod';
import { nearest } from './nearest.js';
import { ConfigError } from './problem.js';
import type { Problem } from './problem.js';
import { configSchema, knownKeys } from './schema.js';
import type { Config } from './schema.js';

/** Deeper than any valid configuration. */
const MAX_DEPTH = 32;

/** Printed at once; the rest is counted. */
const MAX_PROBLEMS = 100;

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

const REMEDY = 'correct the lines above, then run: watchfloor config check';

/**
 * Text to configuration. Throws a ConfigError that holds every problem with its line and column.
 */
export const parseConfig = (text: string, file: string): Config => {
  const lines = new LineCounter();
  const at = (offset: number | undefined): { line?: number; column?: number } => {
    if (offset === undefined) return {};
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const document = readDocument(text, lines, file);
  const broken = [
    ...[...document.errors, ...document.warnings].map((e) => ({
      ...at(e.pos[0]),
      message: firstLine(e.message),
    })),
    ...aliases(document).map((offset) => ({
      ...at(offset),
      message: 'aliases are not supported: write the value out',
    })),
  ];
  if (broken.length > 0) {
    throw new ConfigError(
      broken.map((b) => ({ file, key: '', ...b })),
      REMEDY,
    );
  }
  const checked = configSchema.safeParse(document.toJS({ maxAliasCount: 0 }) ?? {}, {
    reportInput: true,
  });
  if (checked.success) return checked.data;
  const explained = checked.error.issues.flatMap(explain);
  const problems = explained.slice(0, MAX_PROBLEMS).map(({ path, key, message }): Problem => ({
    file,
    ...at(offsetOf(document, path, key)),
    key: pathText(key === undefined ? path : [...path, key]),
    message,
  }));
  problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  if (explained.length > problems.length) {
    const more = explained.length - problems.length;
    problems.push({ file, key: '', message: `and ${more} more` });
  }
  throw new ConfigError(problems, REMEDY);
};

/**
 * Checked before parsing: the parser recurses once a level and needs memory out of proportion for what is nested by the
 * thousand on few bytes.
 */
const readDocument = (text: string, lineCounter: LineCounter, file: string): Document.Parsed => {
  if (nesting(text) > MAX_DEPTH) {
    const problem = { file, key: '', message: `is nested deeper than ${MAX_DEPTH} levels` };
    throw new ConfigError([problem], REMEDY);
  }
  return parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true });
};

/** Open brackets at once, or block indicators on one line, whichever is more. */
const nesting = (text: string): number => {
  let brackets = 0;
  let indicators = 0;
  let deepest = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') brackets++;
    else if (token === ']' || token === '}') brackets--;
    else if (token === '-' || token === '?') indicators++;
    else if (token === '\n') indicators = 0;
    deepest = Math.max(deepest, brackets, indicators);
    if (deepest > MAX_DEPTH) break;
  }
  return deepest;
};

const aliases = (document: Document.Parsed): number[] => {
  const found: number[] = [];
  visit(document, {
    Alias: (_key, node) => {
      if (isAlias(node)) found.push(node.range?.[0] ?? 0);
    },
  });
  return found;
};

interface Explained {
  readonly path: Path;
  /** The key itself is at fault, not its value. */
  readonly key?: string;
  readonly message: string;
}

const explain = (issue: Issue): Explained[] => {
  const { path } = issue;
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path, key, message: unknownKey(key, path) }));
    case 'invalid_type':
      return [{ path, message: `expected ${typeName(issue.expected)}, ${received(issue)}` }];
    case 'invalid_value': {
      const words = issue.values.map(String);
      const guess = typeof issue.input === 'string' ? nearest(issue.input, words) : null;
      const hint = guess === null ? '' : `; did you mean "${guess}"?`;
      return [{ path, message: `expected one of ${words.join(', ')}${hint}` }];
    }
    case 'invalid_key': {
      const message = issue.issues[0]?.message ?? 'is not a valid name';
      const key = path.at(-1);
      return [{ path: path.slice(0, -1), key: String(key), message }];
    }
    case 'too_big':
    case 'too_small':
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_union':
    case 'invalid_element':
    case 'custom':
      return [{ path, message: issue.message }];
  }
};

const unknownKey = (key: string, path: Path): string => {
  const known = knownKeys(path);
  const guess = nearest(key, known);
  if (guess !== null) return `unknown key; did you mean "${guess}"?`;
  return `unknown key; known here: ${known.join(', ')}`;
};

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

const typeName = (name: string): string => TYPE_NAMES[name] ?? name;

const received = (issue: Issue): string => {
  const { input } = issue;
  if (input === undefined) return 'but it is missing';
  if (input === null) return 'found nothing';
  if (Array.isArray(input)) return 'found a list';
  return `found ${typeName(typeof input)}`;
};

const pathText = (path: Path): string =>
  path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? String(step) : `${text}.${String(step)}`;
  }, '');

/** Where the value stands; the nearest enclosing one when it is missing. With `key`: where that key stands. */
const offsetOf = (document: Document.Parsed, path: Path, key?: string): number | undefined => {
  for (let length = path.length; length >= 0; length--) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    const offset = key === undefined ? nodeStart(node) : (keyStart(node, key) ?? nodeStart(node));
    if (offset !== undefined) return offset;
  }
  return undefined;
};

const nodeStart = (node: unknown): number | undefined =>
  (node as Node | null | undefined)?.range?.[0];

const keyStart = (node: unknown, key: string): number | undefined => {
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
  return nodeStart(pair?.key);
};

const firstLine = (text: string): string => text.split('\n')[0] ?? text;
