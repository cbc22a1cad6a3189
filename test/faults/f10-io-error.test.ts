import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { runCommand } from '../helpers/children.js';
import { makePlace, readAll, startDaemon, type Place } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { ofKind } from '../helpers/line.js';
import { makeStorm, tokensOf } from '../helpers/oracle.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';

/** What the device says it has, what there is behind it, and what there is once the fault is mended. */
const [PROMISED, BEHIND, MENDED] = ['64M', '4m', '128m'];
const RESUMES_MS = 10_000;

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

/**
 * A disk that fails: a loop device over a sparse file that nothing is behind after a while. The file system on it has
 * room, so write(2) succeeds and the error comes from fdatasync(2), as from a broken disk.
 */
function mountFailing(t: Test, place: Place): () => void {
  const [store, directory] = [scratchDirectory(t), join(place.stateDir, 'journal')];
  const file = join(store, 'disk');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  run('mount', '-t', 'tmpfs', '-o', `size=${BEHIND}`, 'watchfloor-test', store);
  t.teardown(() => run('umount', store));
  run('truncate', '-s', PROMISED, file);
  const device = run('losetup', '--find', '--show', file);
  t.teardown(() => run('losetup', '--detach', device));
  run('mkfs.ext4', '-q', '-O', '^has_journal', '-E', 'lazy_itable_init=1', device);
  // Without the last, the kernel zeroes the inode tables within five seconds of the mount and uses up what is behind.
  run('mount', '-o', 'errors=continue,noinit_itable', device, directory);
  t.teardown(() => run('umount', directory));
  return () => {
    run('mount', '-o', `remount,size=${MENDED}`, store);
  };
}

t.test(
  'a disk whose fsync fails is said and not trusted, and what was committed is there',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const storm = makeStorm(t);
    const place = makePlace(t, {
      agents: {
        signatures: false,
        rules: [{ id: 'test/faults/f10', match: { exe: [storm.exe] } }],
      },
    });
    const mend = mountFailing(t, place);
    const daemon = await startDaemon(t, place);
    const live = daemon.follow();
    const running = storm.start(['--count', '1000000', '--rate', '500', '--datagrams', '4']);
    await waitFor('the agent', () => ofKind(live, 'agent').length > 0);
    running.go();
    await waitFor('the error', () => /"code":"(EIO|ENOSPC)"/.test(readFileSync(place.log, 'utf8')));
    const shown = tokensOf(live).length;
    mend();
    await waitFor('actions again', () => tokensOf(live).length > shown + 100, RESUMES_MS);
    running.end();
    const { done } = await running.done;
    await waitFor('the last action', () => tokensOf(live).includes(done - 1));
    t.equal(await daemon.stop(), 0);
    t.equal((await runCommand(t, place.command('verify'))).code, 0, 'the journal is whole');
    const lines = await readAll(t, place);
    t.same(
      lines.slice(0, live.length).map(({ event_id }) => event_id),
      live.map(({ event_id }) => event_id),
      'each record that was shown is there, once, in its place',
    );
  },
);
