import { KernelError } from './kernel-error.js';
import type { Posix } from './posix.js';

type PeerCalls = Pick<Posix, 'peerCredentials' | 'peerPidfd' | 'pidfdOpen'>;

/** Whoever called connect(2) on the other end of a unix socket, as the kernel noted it then. */
export interface Peer {
  /** In our pid namespace; 0: it cannot be seen from there. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Refers to that process and to no later one of the same pid; -1: it has ended already. */
  readonly pidfd: number;
}

/**
 * unix(7). The caller closes `pidfd`. Before Linux 6.5, which has no SO_PEERPIDFD, the pid may have become another
 * process's between its connect and this call.
 * @throws KernelError what the kernel refuses, such as EMFILE.
 */
export function peerOf(posix: PeerCalls, fd: number): Peer {
  const credentials = posix.peerCredentials(fd);
  return { ...credentials, pidfd: credentials.pid > 0 ? pidfdOf(posix, fd, credentials.pid) : -1 };
}

function pidfdOf(posix: PeerCalls, fd: number, pid: number): number {
  try {
    return posix.peerPidfd(fd);
  } catch (error) {
    if (codeOf(error) !== 'ENOPROTOOPT') return unlessGone(error);
  }
  try {
    return posix.pidfdOpen(pid);
  } catch (error) {
    return unlessGone(error);
  }
}

/** A process that was reaped: ESRCH, or EINVAL where the socket option says it the older way. */
function unlessGone(error: unknown): number {
  if (codeOf(error) === 'ESRCH' || codeOf(error) === 'EINVAL') return -1;
  throw error;
}

const codeOf = (error: unknown): string | null =>
  error instanceof KernelError ? error.code : null;
