import { Claim, RecordClass, Severity } from './proto.gen.js';

/** Words of an enum by their number. A number of a later version has no word yet. */
const wordsOf =
  (values: Readonly<{ [word: string]: number }>) =>
  (value: number): string =>
    Object.keys(values).find((word) => values[word] === value) ?? 'unspecified';

export const className = wordsOf(RecordClass);
export const claimName = wordsOf(Claim);
export const severityName = wordsOf(Severity);
