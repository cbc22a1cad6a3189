import { parentPort } from 'node:worker_threads';
import { resolveFile, type Resolution } from '../resolve/index.js';
import { readerOf } from './files.js';

/** A file to be looked into, by a descriptor of this process. */
export interface Job {
  readonly version: string;
  readonly fd: number;
  readonly size: number;
}

export interface Answer {
  readonly version: string;
  readonly resolution: Resolution;
}

parentPort?.on('message', ({ version, fd, size }: Job) => {
  const resolution = resolveFile(readerOf({ fd, size }));
  parentPort?.postMessage({ version, resolution } satisfies Answer);
});
