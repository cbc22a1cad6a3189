import type { FunctionRange, Image } from '../elf/index.js';
import { constantsNear } from './constants.js';

/** A function that reports errors of one source file. */
export interface Raiser extends FunctionRange {
  /** Among them the reasons of its errors. */
  readonly constants: ReadonlySet<number>;
}

/** A source file has tens of places that report errors; a file made to cost time would have thousands. */
const REFERENCES_MAX = 1024;

/**
 * Functions that report errors with a source path ending in one of these (NUL included), which are how BoringSSL and its descendants
 * report them: ERR_put_error(library, 0, reason, path, line). null: no such path in the file, or no code that names it.
 */
export function raisersOf(image: Image, paths: readonly string[]): Raiser[] | null {
  const places = [...image.strings(paths).values()].flat();
  const starts = new Set<number>();
  for (const place of places) {
    const start = image.startOfString(place);
    if (start !== null) starts.add(start);
  }
  const references = image.references([...starts]).slice(0, REFERENCES_MAX);
  if (references.length === 0) return null;
  const found = new Map<number, Raiser & { readonly constants: Set<number> }>();
  for (const { from } of references) {
    const known = [...found.values()].find(({ start, end }) => from >= start && from < end);
    const range = known ?? image.functionAt(from);
    if (range === null) continue;
    const raiser = known ?? { ...range, constants: new Set<number>() };
    for (const constant of constantsNear(image, from, range)) raiser.constants.add(constant);
    found.set(range.start, raiser);
  }
  return [...found.values()];
}

export const raises = ({ constants }: Raiser, reasons: readonly number[]): boolean =>
  reasons.every((reason) => constants.has(reason));
