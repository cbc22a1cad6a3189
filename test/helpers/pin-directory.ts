import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { whyNoKernel } from './environment.js';
import type { Owner } from './children.js';

const BPF_MOUNT = '/sys/fs/bpf';
const BPF_FS = 0xca_fe_4a_11;

/** Why nothing can be pinned here, or null when it can. */
export function whyNoPins(): string | null {
  return (
    whyNoKernel() ?? (statfsSync(BPF_MOUNT).type === BPF_FS ? null : 'needs a bpf file system')
  );
}

/** A directory for pins of one test. What is still in it at the end goes with it. */
export function makePinDirectory(t: Owner): string {
  const directory = `${BPF_MOUNT}/watchfloor-test-${randomUUID().slice(0, 8)}`;
  mkdirSync(directory, { mode: 0o700 });
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}
