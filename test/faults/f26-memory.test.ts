import { once } from 'node:events';
import { join } from 'node:path';
import t from 'tap';
import { readJournal } from '../../src/journal/index.js';
import { runCommand, startChild } from '../helpers/children.js';
import { makePlace, readAll, startDaemon } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { ofKind } from '../helpers/line.js';
import { limitMemory, whyNoMemoryLimit } from '../helpers/memory-limit.js';
import { makeStorm, tokensOf } from '../helpers/oracle.js';
import { waitFor } from '../helpers/wait.js';
import { digestOf, witness } from '../helpers/witness.js';

/** What it gets beyond what it uses: too little for what its agents do. */
const LEFT = 4 * 1024 * 1024;
const COMMITTED = 500;

t.test(
  'a daemon the kernel killed for its memory has lost nothing it had committed',
  { skip: whyNoKernel() ?? whyNoMemoryLimit() ?? false },
  async (t) => {
    const storm = makeStorm(t);
    const place = makePlace(t, {
      agents: {
        signatures: false,
        rules: [{ id: 'test/faults/f26', match: { exe: [storm.exe] } }],
      },
    });
    const limit = limitMemory(t);
    const daemon = startChild(t, limit.inside(place.command('run')), { stdio: 'ignore' });
    const gone = once(daemon, 'exit');
    const alive = (): boolean => daemon.exitCode === null && daemon.signalCode === null;
    const seen = witness(place, 0n, alive, () => undefined);
    await waitFor('the daemon', () => seen.shown.size > 0 || !alive());
    const working = storm.start(['--count', '1000000', '--rate', '300']);
    const flood = storm.start(['--count', '1000000', '--datagrams', '50']);
    working.go();
    await waitFor('work', () => seen.shown.size > COMMITTED || !alive());
    limit.leave(LEFT);
    flood.go();
    t.same(await gone, [null, 'SIGKILL']);
    await seen.ended;
    working.end();
    flood.end();
    t.ok(limit.kills() > 0, 'it was the kernel, for want of memory');

    const there = new Map<bigint, string>();
    for (const entry of readJournal(join(place.stateDir, 'journal'))) {
      if ('seq' in entry) there.set(entry.seq, digestOf(entry.bytes));
    }
    const lost = [...seen.shown].filter(([seq, digest]) => there.get(seq) !== digest);
    t.same(lost, [], 'what was committed is there');
    t.ok(seen.shown.size > COMMITTED, 'there was something to lose');

    const next = await startDaemon(t, place);
    const live = next.follow();
    const again = storm.start(['--count', '20']);
    await waitFor('the agent', () => ofKind(live, 'agent').length > 0);
    again.go();
    await again.done;
    t.equal(await next.stop(), 0, 'the next one runs');
    t.equal((await runCommand(t, place.command('verify'))).code, 0, 'and the journal is whole');
    const lines = await readAll(t, place);
    t.ok(tokensOf(lines).length > 0);
    t.ok(
      ofKind(lines, 'gap').some(({ gap }) => gap?.cause === 'killed'),
      'the time between is said',
    );
  },
);
