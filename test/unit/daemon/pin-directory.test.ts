import { chmodSync, mkdirSync, readdirSync, statfsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { leftPins } from '../../../src/daemon/left-pins.js';
import { openPinDirectory } from '../../../src/daemon/pin-directory.js';
import { parseConfig } from '../../../src/config/index.js';
import { posix } from '../../../src/kernel/index.js';
import { makePinDirectory, whyNoPins } from '../../helpers/pin-directory.js';
import { scratchDirectory } from '../../helpers/scratch.js';

const skip = whyNoPins() ?? false;
const reasonOf = (found: ReturnType<typeof openPinDirectory>): string =>
  'refused' in found ? found.refused : 'not refused';

t.test('a directory on another file system is not made', async (t) => {
  const parent = scratchDirectory(t);
  t.match(reasonOf(openPinDirectory(join(parent, 'pins'), posix())), /no bpf file system/);
  t.same(readdirSync(parent), []);
  t.match(reasonOf(openPinDirectory('/nowhere/at/all', posix())), /ENOENT/);
});

t.test('what is not ours alone is not used, and what is, by one only', { skip }, async (t) => {
  const parent = makePinDirectory(t);
  const path = join(parent, 'pins');
  const first = openPinDirectory(path, posix());
  t.match(first, { path });
  t.match(reasonOf(openPinDirectory(path, posix())), /another watchfloor/);
  if ('path' in first) first.release();
  const again = openPinDirectory(path, posix());
  t.match(again, { path }, 'once it was let go');
  if ('path' in again) again.release();

  chmodSync(path, 0o750);
  t.match(reasonOf(openPinDirectory(path, posix())), /only this user/);
  const link = join(parent, 'link');
  symlinkSync(path, link);
  t.match(reasonOf(openPinDirectory(link, posix())), /only this user/);
  t.equal(statfsSync(parent).type, statfsSync(path).type);
});

t.test('what a dead daemon left is found, and removed when asked', { skip }, async (t) => {
  const path = makePinDirectory(t);
  const loaded = { config: parseConfig(`pin_dir: ${path}`, 'none'), file: null };
  t.equal(await leftPins(loaded, true), 'none');
  mkdirSync(join(path, 'v1-0123456789abcdef'));
  t.equal(await leftPins(loaded, false), 'left');
  const daemon = openPinDirectory(path, posix());
  t.equal(await leftPins(loaded, true), 'used', 'a living one keeps what is its own');
  if ('path' in daemon) daemon.release();
  t.equal(await leftPins(loaded, true), 'removed');
  t.equal(await leftPins(loaded, true), 'none');
});
