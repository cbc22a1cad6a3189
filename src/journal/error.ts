/** A directory that cannot be a journal. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
  readonly code = 'JOURNAL_UNUSABLE';
  readonly operation = 'open';
  readonly remedy: string;

  constructor(
    readonly directory: string,
    readonly errno: string,
    cause: unknown,
  ) {
    super(`journal ${directory} cannot be opened: ${errno}`, { cause });
    this.remedy = `make ${directory} a directory this user owns, on a disk that can be written`;
  }
}
