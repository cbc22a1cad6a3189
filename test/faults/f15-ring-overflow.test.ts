import { join } from 'node:path';
import t from 'tap';
import { makePlace, readAll, startDaemon } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { ofKind } from '../helpers/line.js';
import { ALL_WELL, datagramOf, judge, makeStorm, tokensOf } from '../helpers/oracle.js';
import { account, readKernelSide } from '../helpers/recording.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';

const KIB = 1024;
const ACTIONS = 300;
const DATAGRAMS = 20;
/** exec and exit of the storm, and a fork, an exec and an exit for each action. */
const LIFECYCLE = 2 + 3 * ACTIONS;

t.test(
  'what a stopped reader misses is exactly what counters, gaps and the workload say',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const storm = makeStorm(t);
    const file = join(scratchDirectory(t), 'recording');
    const place = makePlace(t, {
      agents: {
        signatures: false,
        // Every record is counted: nobody else's interpreter may add to them.
        inference: false,
        rules: [{ id: 'test/faults/f15', match: { exe: [storm.exe] } }],
      },
      sensor: { ring_bytes: { lifecycle: 1024 * KIB, network: 64 * KIB } },
    });
    const daemon = await startDaemon(t, place, '--record', file);
    const live = daemon.follow();
    const running = storm.start(['--count', String(ACTIONS), '--datagrams', String(DATAGRAMS)]);
    await waitFor('the agent', () => ofKind(live, 'agent').length > 0);
    daemon.child.kill('SIGSTOP');
    running.go();
    const { done, datagrams } = await running.done;
    daemon.child.kill('SIGCONT');
    await waitFor('the last action', () => tokensOf(live).includes(done - 1));
    await waitFor('the gap', () => ofKind(live, 'gap').length > 0);
    t.equal(await daemon.stop(), 0);
    const [recorded, lines] = [readKernelSide(file), await readAll(t, place)];

    await t.test(
      'the lifecycle ring held all of it: nothing lost, doubled or reordered',
      async (t) => {
        t.same(judge(tokensOf(lines), 0, done), ALL_WELL);
        t.match(account(recorded, 'lifecycle'), {
          ...{ emitted: LIFECYCLE, delivered: LIFECYCLE, dropped: 0, residual: 0 },
        });
      },
    );

    await t.test('the network ring did not, and each way to count its loss agrees', async (t) => {
      const seen = recorded.events.flatMap((event) => {
        const number = event.kind === 'flow_open' ? datagramOf(event.tuple.dstIp) : null;
        return number === null ? [] : [number];
      });
      const { lost, ...rest } = judge(seen, 0, datagrams);
      t.same(rest, { doubled: [], reordered: [] });
      const { emitted, dropped, residual } = account(recorded, 'network');
      const gaps = ofKind(lines, 'gap').filter(({ gap }) => gap?.stage === 'network');
      t.ok(lost.length > 0, 'it was too small');
      t.equal(emitted, datagrams, 'the kernel made a record of each');
      t.equal(dropped, lost.length, 'its counter is the loss the workload knows of');
      t.equal(
        gaps.reduce((sum, { gap }) => sum + Number(gap?.count), 0),
        lost.length,
        'the gaps in the journal add up to it',
      );
      t.equal(residual, 0, 'emitted = delivered + dropped');
      const flows = ofKind(lines, 'flow').map(({ net }) => datagramOf(net?.dst_ip ?? ''));
      t.equal(new Set(flows).size, flows.length, 'no flow twice');
      t.equal(flows.length, datagrams - lost.length, 'every other one is in the journal');
    });
  },
);
