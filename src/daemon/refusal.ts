import { CliError, EXIT } from '../cli/index.js';
import type { Platform } from '../host/index.js';
import { JournalError } from '../journal/index.js';
import { KernelError } from '../kernel/index.js';

const NOT_PERMITTED = new Set(['EPERM', 'EACCES']);

/** What the world refused at the start, as an exit code and a remedy; other errors are ours and stay. */
export const asCliError = (error: unknown): unknown => {
  if (error instanceof KernelError) {
    const code = NOT_PERMITTED.has(error.code) ? EXIT.notPermitted : EXIT.unavailable;
    return new CliError(code, error.message.replace(`; ${error.remedy}`, ''), error.remedy);
  }
  if (error instanceof JournalError) {
    const code = NOT_PERMITTED.has(error.errno) ? EXIT.notPermitted : EXIT.unavailable;
    return new CliError(code, error.message, error.remedy);
  }
  return error;
};

/** Throws a CliError on a machine on which no sensor can work. */
export const refuseMachine = ({ btf, capabilities }: Platform): void => {
  if (!capabilities.includes('CAP_BPF') && !capabilities.includes('CAP_SYS_ADMIN')) {
    const remedy = 'run it as root; what else is needed says: watchfloor doctor';
    throw new CliError(EXIT.notPermitted, 'this user may not load kernel programs', remedy);
  }
  if (!btf) {
    const remedy = 'boot a kernel built with CONFIG_DEBUG_INFO_BTF=y';
    throw new CliError(
      EXIT.unavailable,
      'the kernel does not describe its types (no /sys/kernel/btf/vmlinux)',
      remedy,
    );
  }
};
