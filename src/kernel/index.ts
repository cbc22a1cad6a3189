/**
 * In: commands (scope, verdicts, attach, detach). Out: batches of records as the kernel wrote them, counters, the state
 * of every program; and the few system calls Node lacks. Never reads what is in a record, never decides anything, and
 * is the only room that loads the native addon.
 */
import type { KernelPort } from '../event/index.js';
import { AddonKernel, type KernelOptions } from './addon-kernel.js';
import { loadAddon } from './load-addon.js';

export { KernelError } from './kernel-error.js';
export { peerOf, type Peer } from './peer.js';
export { posix, type Posix } from './posix.js';
export type { KernelOptions };

/**
 * Loads the programs. Those this kernel cannot take are left out and named by `start`.
 * @throws KernelError when the addon is not built, or the kernel refuses what every sensor needs.
 */
export const openKernel = (options: KernelOptions): KernelPort =>
  new AddonKernel(loadAddon(), options);
