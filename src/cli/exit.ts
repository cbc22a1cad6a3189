/** Exit codes; those from 64 on are of sysexits.h. */
export const EXIT = {
  ok: 0,
  negative: 1,
  usage: 64,
  unavailable: 69,
  notPermitted: 77,
  configuration: 78,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A command cannot be done. `remedy` says what to do next. */
export class CliError extends Error {
  override readonly name = 'CliError';

  constructor(
    readonly exitCode: ExitCode,
    message: string,
    readonly remedy: string,
  ) {
    super(message);
  }
}
