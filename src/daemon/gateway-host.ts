import type { GatewayHost } from '../gateway/index.js';
import { readPlatform } from '../host/index.js';
import { posix as loadPosix } from '../kernel/index.js';
import { lockDirectory, prepareDirectory } from './lock.js';
import { onSignals } from './signals.js';

/** What `watchfloor gateway` needs of the machine: it shares lock, clocks and signals with the daemon. */
export const gatewayHost = (version: string): GatewayHost => {
  const posix = loadPosix();
  const stop = new AbortController();
  onSignals({
    stop: () => {
      stop.abort();
    },
    // There is nothing to read again.
    reload: () => undefined,
  });
  return {
    version,
    bootId: readPlatform().bootId,
    bootNs: () => posix.clocks().bootNs,
    lock: (directory) => {
      prepareDirectory(directory, 0o700);
      return lockDirectory(directory, 'state', posix);
    },
    notify: (state) => {
      posix.sdNotify(state);
    },
    stop: stop.signal,
  };
};
