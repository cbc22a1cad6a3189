import { refusing } from './kernel-error.js';
import { type Addon, loadAddon } from './load-addon.js';

/** The system calls Node lacks, as native/index.d.ts describes them. */
export type Posix = Addon['posix'];

/** Loads the addon at the first use. @throws KernelError also from each call. */
export function posix(addon: Addon = loadAddon()): Posix {
  const calls = addon.posix;
  return {
    peerCredentials: (fd) => refusing(() => calls.peerCredentials(fd)),
    peerPidfd: (fd) => refusing(() => calls.peerPidfd(fd)),
    pidfdOpen: (pid) => refusing(() => calls.pidfdOpen(pid)),
    pidfdAlive: (pidfd) => refusing(() => calls.pidfdAlive(pidfd)),
    flockExclusive: (fd) => refusing(() => calls.flockExclusive(fd)),
    sdNotify: (state) => refusing(() => calls.sdNotify(state)),
    receiveFds: (fd, maxBytes) => refusing(() => calls.receiveFds(fd, maxBytes)),
    sendFds: (fd, data, fds) => {
      refusing(() => {
        calls.sendFds(fd, data, fds);
      });
    },
    setDumpable: (on) => {
      refusing(() => {
        calls.setDumpable(on);
      });
    },
    clocks: () => calls.clocks(),
  };
}
