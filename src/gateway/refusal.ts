import { CliError, EXIT } from '../cli/index.js';
import { JournalError } from '../journal/index.js';
import { SignerError } from '../signer/index.js';

const DENIED = new Set(['EACCES', 'EPERM', 'EROFS']);
const REMEDY =
  'choose another directory with gateway.state_dir or --state-dir, or run it as its owner';

/** What the machine refused at the start, as an exit code and a remedy; other errors are ours and stay. */
export const asCliError = (error: unknown, stateDir: string): unknown => {
  if (error instanceof JournalError) return refusal(error.errno, error.message, error.remedy);
  if (error instanceof SignerError) {
    return refusal(error.code, error.message.replace(`; ${error.remedy}`, ''), error.remedy);
  }
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return error;
  const code = String(error.code);
  return refusal(code, `${stateDir} cannot be used: ${code}`, REMEDY);
};

const refusal = (errno: string, message: string, remedy: string): CliError =>
  new CliError(DENIED.has(errno) ? EXIT.notPermitted : EXIT.unavailable, message, remedy);
