/** One mistake and where it stands. */
export interface Problem {
  readonly file: string;
  /** 1-based; absent when the mistake is about the file itself. */
  readonly line?: number;
  readonly column?: number;
  /** Dotted path such as `agents.rules[0].match`; empty for the whole document. */
  readonly key: string;
  readonly message: string;
}

const text = (problem: Problem): string => {
  const place =
    problem.line === undefined
      ? problem.file
      : `${problem.file}:${problem.line}:${problem.column ?? 1}`;
  return problem.key === ''
    ? `${place}: ${problem.message}`
    : `${place}: ${problem.key}: ${problem.message}`;
};

/** The configuration cannot be used. `message` holds every problem, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'CONFIG';

  constructor(
    readonly problems: readonly Problem[],
    readonly remedy: string,
  ) {
    super(problems.map(text).join('\n'));
  }
}
