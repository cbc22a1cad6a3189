import { join } from 'node:path';
import t from 'tap';
import { makePlace, readAll, startDaemon } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { ofKind } from '../helpers/line.js';
import { judge, makeStorm, tokensOf } from '../helpers/oracle.js';
import { account, readKernelSide } from '../helpers/recording.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';

/** Slow enough for the small ring whenever the daemon runs. */
const RATE = 500;
const [BEFORE, MISSED, AFTER] = [200, 1500, 200];

t.test(
  'a daemon stopped under load says what it missed and goes on with nothing unexplained',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const storm = makeStorm(t);
    const file = join(scratchDirectory(t), 'recording');
    const place = makePlace(t, {
      agents: {
        signatures: false,
        // Every record is counted: nobody else's interpreter may add to them.
        inference: false,
        rules: [{ id: 'test/faults/f14', match: { exe: [storm.exe] } }],
      },
      sensor: { ring_bytes: { lifecycle: 64 * 1024 } },
    });
    const daemon = await startDaemon(t, place, '--record', file);
    const live = daemon.follow();
    const running = storm.start(['--count', '1000000', '--rate', String(RATE)]);
    await waitFor('the agent', () => ofKind(live, 'agent').length > 0);
    running.go();
    await running.reaches(BEFORE);
    await waitFor('the load', () => tokensOf(live).length >= BEFORE);
    daemon.child.kill('SIGSTOP');
    await running.reaches(BEFORE + MISSED);
    daemon.child.kill('SIGCONT');
    const first = await waitFor('an action after it', () =>
      tokensOf(live).find((token) => token >= BEFORE + MISSED),
    );
    await running.reaches(first + AFTER);
    running.end();
    const { done } = await running.done;
    await waitFor('the last action', () => tokensOf(live).includes(done - 1));
    await waitFor('the gap', () => ofKind(live, 'gap').length > 0);
    t.equal(await daemon.stop(), 0);

    const [recorded, lines] = [readKernelSide(file), await readAll(t, place)];
    const { lost, ...rest } = judge(tokensOf(lines), 0, done);
    t.same(rest, { doubled: [], reordered: [] });
    t.ok(lost.length > 0, 'the ring could not hold all of it');
    const [from = 0, until = 0] = [lost[0], lost.at(-1)];
    t.ok(from >= BEFORE && until < first + AFTER, 'only what was done meanwhile is missing');

    const { emitted, delivered, dropped, residual } = account(recorded, 'lifecycle');
    t.equal(emitted, 2 + 3 * done, 'the kernel counted each fork, exec and exit of the workload');
    t.equal(dropped, 2 + 3 * done - delivered, 'what did not come, it counted as lost');
    t.equal(residual, 0);
    const held = lines.find((line) => line.sensor?.event === 'held')?.sensor?.fields;
    t.ok(Number(held?.['ms']) > 0, 'and it says for how long nobody read');
    const gaps = ofKind(lines, 'gap').flatMap(({ gap }) => gap ?? []);
    t.equal(
      gaps.reduce((sum, { count }) => sum + Number(count), 0),
      dropped,
      'the gaps in the journal add up to it',
    );
    for (const { count, first_seq, last_seq } of gaps) {
      t.equal(Number(last_seq) - Number(first_seq) + 1, Number(count), 'and name the numbers');
    }
  },
);
