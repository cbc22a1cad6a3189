import t from 'tap';
import { BackPressure } from '../../../src/daemon/back-pressure.js';

const MIB = 1024 * 1024;

t.test('the rings are left alone while much waits for the disk, and no longer', (t) => {
  const calls: string[] = [];
  const pressure = new BackPressure({
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
  });
  const check = (backlogBytes: number, stalled: string | null = null): boolean => {
    pressure.check({ backlogBytes, stalled });
    return pressure.paused;
  };
  t.notOk(check(2 * MIB));
  t.ok(
    check(2 * MIB + 1),
    'so that one batch more has room in 6 MiB, as large as 4 MiB in the journal',
  );
  t.ok(check(MIB + 1), 'still');
  t.ok(check(3 * MIB));
  t.notOk(check(MIB));
  t.notOk(check(MIB + 1), 'not again at once');
  t.ok(check(5 * MIB));
  t.notOk(check(5 * MIB, 'ENOSPC'), 'a disk that takes nothing stops nobody');
  t.same(calls, ['pause', 'resume', 'pause', 'resume']);
  t.end();
});
