import t from 'tap';
import { Disguises } from '../../../src/agent/index.js';
import type { ExecEvent, ProcessFact } from '../../../src/event/index.js';
import { exec, image, key, look, told } from './disguise-kit.js';

const SECOND = 1_000_000_000n;
const EXE = '/tmp/x';
const DELETED = ['exec.deleted/while_running low'];
const asked = (tgid: number, ranAt = EXE) => ({
  do: 'look_up_process',
  key: key(tgid),
  env: [],
  ranAt,
});

const at = (tgid: number, bootNs: bigint, more: Partial<ExecEvent> = {}): ExecEvent => {
  const event = exec(tgid, EXE, 'x a', more);
  return { ...event, origin: { ...event.origin, bootNs } };
};

/** As the process looks when nothing but its file is gone. */
const gone = (tgid: number, more: Partial<ProcessFact> = {}): ProcessFact =>
  look(tgid, {
    exe: EXE,
    file: { ...image(tgid), changedNs: 999n },
    exeGone: true,
    argv: ['x', 'a'],
    comm: 'x',
    ...more,
  });

/** What its first look, at a flow, says. */
const seen = (fact: ProcessFact, more: Partial<ExecEvent> = {}): string[] => {
  const disguises = new Disguises();
  disguises.exec(at(1, 0n, more), null);
  disguises.flow(key(1));
  return told(disguises.fact(fact));
};

t.test('a file removed while its process runs is told when that first speaks, once', (t) => {
  const disguises = new Disguises();
  disguises.exec(at(1, 0n), null);
  t.same(disguises.flow(key(1)).commands, [asked(1)]);
  const { observations } = disguises.fact(gone(1));
  t.match(observations, [
    { key: key(1), summary: 'x runs on after its file was removed', needsEveryExec: false },
  ]);
  t.same(
    disguises.tick(SECOND).commands,
    [asked(1)],
    'a look a second after its exec all the same',
  );
  t.same(told(disguises.fact(gone(1))), [], 'once for a process');
  t.equal(disguises.stats().doubts, 0);
  t.end();
});

t.test('whatever has a name, or another file in its place, is fine', (t) => {
  t.same(seen(gone(1)), DELETED);
  t.same(seen(gone(1, { exeGone: false })), [], 'an upgrade');
  const { file } = gone(1);
  t.same(seen(look(1, { ...(file && { file }), exe: EXE })), [], 'the answer to somebody else');
  t.same(seen(look(1, { gone: true })), []);
  const other = { file: image(77), exe: '/tmp/y' };
  t.same(seen(gone(1, other)), [], 'an exec is on its way, and this is its file');
  t.same(seen(gone(1, { exe: '/tmp/.old/x' })), DELETED, 'renamed before');
  t.same(seen(gone(1, { argv: ['backupd', '--daily', '/srv'] })), DELETED, 'also with a doubt');
  t.end();
});

t.test('where the device number of stat(2) is another, the file is known by its name', (t) => {
  const disguises = new Disguises();
  disguises.exec(at(1, 0n), null);
  disguises.flow(key(1));
  const fact = gone(1, { file: { ...image(1), dev: 99n, changedNs: 999n } });
  t.same(told(disguises.fact(fact)), DELETED);
  t.equal(disguises.stats().doubts, 0, 'it is no other file');
  const { doubts } = ((): { doubts: number } => {
    const moved = new Disguises();
    moved.exec(at(1, 0n), null);
    moved.flow(key(1));
    t.same(told(moved.fact({ ...fact, exe: '/tmp/y' })), []);
    return moved.stats();
  })();
  t.equal(doubts, 1, 'under another name it may be');
  t.end();
});

t.test('what was told or excused at its exec is not asked about again', (t) => {
  for (const more of [{ nlink: 0 }, { pathTruncated: true }]) {
    const disguises = new Disguises();
    disguises.exec(at(1, 0n, more), null);
    t.same(disguises.flow(key(1)).commands, [{ do: 'look_up_process', key: key(1), env: [] }]);
    t.same(told(disguises.fact(gone(1))), []);
  }
  const forked = new Disguises();
  forked.flow(key(1), at(1, 0n).origin);
  t.same(told(forked.fact(gone(1))), [], 'it executed nothing that was seen');
  t.end();
});

t.test('who lives for a second is looked at once, who ends sooner never', (t) => {
  const disguises = new Disguises();
  disguises.exec(at(1, 0n), null);
  disguises.exec(at(2, 0n), null);
  disguises.exec(at(3, SECOND), null);
  t.same(disguises.tick(SECOND - 1n).commands, []);
  disguises.exit(key(2));
  t.same(disguises.tick(SECOND).commands, [asked(1)]);
  t.same(told(disguises.fact(gone(1))), DELETED);
  t.same(disguises.tick(SECOND).commands, [], 'once');
  disguises.exec(at(3, 2n * SECOND - 1n), null);
  t.same(disguises.tick(2n * SECOND).commands, [], 'it executed something since');
  t.same(disguises.tick(3n * SECOND).commands, [asked(3)]);
  t.equal(disguises.stats().looksWaiting, 0);
  t.end();
});

t.test('looks are bounded by tick and by number, and refusals counted', (t) => {
  const disguises = new Disguises();
  for (let tgid = 0; tgid < 4100; tgid += 1) disguises.exec(at(tgid, 0n), null);
  t.match(disguises.stats(), { looksWaiting: 4096, looksRefused: 4 });
  const first = disguises.tick(SECOND).commands;
  t.same(
    first.map((command) => command.do === 'look_up_process' && command.key.tgid),
    [0, 1, 2, 3, 4, 5, 6, 7],
  );
  t.match(disguises.tick(SECOND).commands, [{ key: key(8) }], 'the rest with the next ticks');
  t.equal(disguises.stats().looksWaiting, 4096 - 16);
  t.end();
});
