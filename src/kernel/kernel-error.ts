/** What the addon's errors carry. */
interface Refusal {
  readonly message: string;
  /** errno name, such as EPERM. */
  readonly code: string;
  readonly errno: number;
  /** What was being done, such as `load wf_exec`. */
  readonly operation: string;
}

/** The kernel, or the machine, refused. `remedy` says what the operator can do about it. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
  readonly code: string;
  readonly errno: number;
  readonly operation: string;
  readonly remedy: string;

  constructor(refusal: Refusal & { readonly remedy: string; readonly cause?: unknown }) {
    super(`${refusal.message}; ${refusal.remedy}`, { cause: refusal.cause });
    this.code = refusal.code;
    this.errno = refusal.errno;
    this.operation = refusal.operation;
    this.remedy = refusal.remedy;
  }
}

const MISSING_BTF =
  'use a kernel built with CONFIG_DEBUG_INFO_BTF (look for /sys/kernel/btf/vmlinux)';
const CGROUP = 'mount it: mount -t cgroup2 none /sys/fs/cgroup';
const NEWER_KERNEL = 'a newer kernel may take it: see docs/kernel-support.md';
const PRIVILEGES =
  'run as root, or with the capabilities BPF, PERFMON and NET_ADMIN (SYS_ADMIN for probes before Linux 6.6)';

const REMEDIES: Readonly<Record<string, string>> = {
  EPERM: PRIVILEGES,
  EACCES: PRIVILEGES,
  ENOMEM: 'make the rings smaller or raise the limit of locked memory',
  E2BIG: 'a table of the kernel programs is full: name less, or watch fewer processes',
  ENOSPC: 'a table of the kernel programs is full: name less, or watch fewer processes',
  EMFILE: 'raise the limit of open files',
  EBADF: 'this is a mistake in watchfloor: report it',
  ENOENT: NEWER_KERNEL,
  EINVAL: NEWER_KERNEL,
  EOPNOTSUPP: NEWER_KERNEL,
  ENOTSUPP: NEWER_KERNEL,
};

/** What to do about an errno; `operation` as the addon names it, or a program's `detail`. */
export function remedyFor(code: string, operation: string): string {
  if (operation.includes('BTF')) return MISSING_BTF;
  if (operation.includes('cgroup v2')) return CGROUP;
  // The verifier's no, which is about the program and not about who loads it.
  if (code === 'EACCES' && operation.includes('load')) return NEWER_KERNEL;
  return REMEDIES[code] ?? 'look up the error number in the log and in docs/operations.md';
}

const isRefusal = (error: unknown): error is Error & Refusal =>
  error instanceof Error &&
  'code' in error &&
  'errno' in error &&
  'operation' in error &&
  typeof error.code === 'string' &&
  typeof error.errno === 'number' &&
  typeof error.operation === 'string';

/** Runs a call into the addon; its refusals become KernelErrors, mistakes of ours pass as they are. */
export function refusing<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const { message, code, errno, operation } = error;
    const remedy = remedyFor(code, operation);
    throw new KernelError({ message, code, errno, operation, remedy, cause: error });
  }
}

export const tooManyFiles = (most: number): KernelError =>
  new KernelError({
    message: `attach: ${most} files have probes already`,
    code: 'EMFILE',
    errno: 24,
    operation: 'attach',
    remedy: remedyFor('E2BIG', 'attach'),
  });
