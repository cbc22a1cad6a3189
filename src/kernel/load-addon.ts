import { createRequire } from 'node:module';
import type * as native from '../../native/index.js';
import { KernelError } from './kernel-error.js';

export type Addon = typeof native;

const ADDON = '../../build/Release/watchfloor.node';
const REMEDIES: Readonly<Record<string, string>> = {
  MODULE_NOT_FOUND: 'run `npm run build:native`',
  ERR_DLOPEN_FAILED: 'install libbpf1 (1.1 or newer) and run `npm run build:native`',
};

/** The native addon. The path holds from src/ and from dist/ alike. */
export function loadAddon(load: (path: string) => unknown = createRequire(import.meta.url)): Addon {
  try {
    return load(ADDON) as Addon;
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const remedy = REMEDIES[code];
    if (remedy === undefined || !(cause instanceof Error)) throw cause;
    const message = `load addon: ${cause.message.split('\n', 1).join('')}`;
    throw new KernelError({ message, code, errno: 0, operation: 'load addon', remedy, cause });
  }
}
