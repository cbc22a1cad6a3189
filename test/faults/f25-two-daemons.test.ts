import t from 'tap';
import { heldBy } from '../helpers/bpf-objects.js';
import { runCommand } from '../helpers/children.js';
import { makePlace, readAll, startDaemon } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { ofKind } from '../helpers/line.js';
import { ALL_WELL, judge, makeStorm, tokensOf } from '../helpers/oracle.js';
import { waitFor } from '../helpers/wait.js';

const EX_UNAVAILABLE = 69;
const ACTIONS = 400;

t.test(
  'daemons started beside one that runs end with 69, and each action is recorded once',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const storm = makeStorm(t);
    const place = makePlace(t, {
      agents: {
        signatures: false,
        rules: [{ id: 'test/faults/f25', match: { exe: [storm.exe] } }],
      },
    });
    const daemon = await startDaemon(t, place);
    const live = daemon.follow();
    const held = heldBy(daemon.pid);
    const running = storm.start(['--count', String(ACTIONS), '--rate', '300']);
    await waitFor('the agent', () => ofKind(live, 'agent').length > 0);
    running.go();

    const others = await Promise.all([1, 2, 3].map(() => runCommand(t, place.command('run'))));
    for (const { code, stderr } of others) {
      t.equal(code, EX_UNAVAILABLE);
      t.match(stderr, place.stateDir, 'it says which directory is taken');
    }
    t.same(heldBy(daemon.pid).programs, held.programs, 'the first one has the programs it had');
    const { done } = await running.done;
    await waitFor('the last action', () => tokensOf(live).includes(done - 1));
    t.equal(await daemon.stop(), 0);

    const lines = await readAll(t, place);
    t.same(judge(tokensOf(lines), 0, done), ALL_WELL);
    const ids = lines.map(({ event_id }) => event_id);
    t.equal(new Set(ids).size, ids.length, 'no event id is given twice');
    t.equal(ofKind(lines, 'agent').length, 1, 'one agent, one session');
  },
);
