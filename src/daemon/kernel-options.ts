import type { Config } from '../config/index.js';
import { WfLimits } from '../decode/index.js';
import type { Platform } from '../host/index.js';
import type { KernelOptions } from '../kernel/index.js';
import type { Log } from '../telemetry/index.js';

/** A record that wakes nobody waits so long at most. */
const POLL_MS = 25;

/** The bound of one turn of the event loop. */
const MAX_BATCH_BYTES = 1024 * 1024;

/** `pinDirectory`: where the kernel state outlives this process; null: nowhere. */
export const kernelOptions = (
  config: Config,
  platform: Platform,
  log: Log,
  pinDirectory: string | null,
): KernelOptions => ({
  rings: config.sensor.ring_bytes,
  cgroup: platform.cgroup,
  maxCallBytes: config.capture.max_message_bytes,
  wakeBytes: config.sensor.wake_bytes,
  maxProcesses: config.sensor.max_processes,
  ...(pinDirectory === null ? {} : { pinDirectory }),
  pollMs: POLL_MS,
  maxBatchBytes: MAX_BATCH_BYTES,
  wireVersion: WfLimits.WIRE_VERSION,
  log: (line) => {
    log.debug({ line }, 'libbpf');
  },
});
