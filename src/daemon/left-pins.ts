import { existsSync, readdirSync } from 'node:fs';
import type { LeftPins, Services } from '../cli/index.js';
import { posix } from '../kernel/index.js';
import { openPinDirectory, removePins } from './pin-directory.js';

/** The next daemon would take it over; this is for a machine on which there is to be none. */
export const leftPins: Services['leftPins'] = ({ config }, remove) =>
  Promise.resolve(lookAt(config.pin_dir, remove));

const lookAt = (path: string, remove: boolean): LeftPins => {
  if (!existsSync(path) || readdirSync(path).length === 0) return 'none';
  const found = openPinDirectory(path, posix());
  if ('refused' in found) return 'used';
  if (remove) removePins(found.path);
  found.release();
  return remove ? 'removed' : 'left';
};
