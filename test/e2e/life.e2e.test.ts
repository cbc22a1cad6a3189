import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { heldBy, stillThere } from '../helpers/bpf-objects.js';
import { runCommand, startChild } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { makePlace, readAll, startDaemon } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { ofKind, type Line } from '../helpers/line.js';
import { waitFor } from '../helpers/wait.js';

const EX_UNAVAILABLE = 69;

t.test('a daemon from start to end', { skip: whyNoKernel() ?? false }, async (t) => {
  const place = makePlace(t, {});
  const daemon = await startDaemon(t, place);
  const held = heldBy(daemon.pid);
  t.ok(held.programs.length > 0, 'it holds programs');

  await t.test('a second one on the same state directory is refused', async (t) => {
    const second = await runCommand(t, place.command('run'));
    t.equal(second.code, EX_UNAVAILABLE);
    t.match(`${second.stderr}${second.stdout}`, place.stateDir, 'it names the directory');
    t.same(heldBy(daemon.pid).programs, held.programs, 'the first one is as it was');
    t.equal((await runCommand(t, place.command('status'))).code, 0, 'and answers');
  });

  await t.test('SIGTERM ends it and leaves nothing', async (t) => {
    t.equal(await daemon.stop(), 0);
    await waitFor('the kernel to let go', () => stillThere(held.ids).length === 0);
    t.equal((await runCommand(t, place.command('status'))).code, EX_UNAVAILABLE);
    t.notOk(existsSync(`${place.runDir}/watchfloor.sock`), 'its socket is gone');
    const lines = await readAll(t, place);
    t.ok(isContiguous(lines), 'the journal has every number');
  });

  await t.test('its log is JSON lines', (t) => {
    const log = readFileSync(place.log, 'utf8').trim().split('\n');
    for (const line of log) t.doesNotThrow(() => JSON.parse(line) as unknown, line);
    t.end();
  });
});

t.test('kill -9 during load', { skip: whyNoKernel() ?? false }, async (t) => {
  const load = compileTrigger('tls-load');
  const config = { agents: { rules: [{ id: 'test/e2e/load', match: { exe: [load] } }] } };
  const place = makePlace(t, config);
  const first = await startDaemon(t, place);
  const live = first.follow();
  startChild(t, [load, 'memory', '--rate', '2000', '--count', '600000'], { stdio: 'ignore' });
  await waitFor('the load in the journal', () => ofKind(live, 'exec').length > 0);
  await waitFor('probes', () => heldBy(first.pid).programs.some((name) => /ssl|tls/i.test(name)));
  const held = heldBy(first.pid);
  await first.kill();
  await waitFor('the kernel to let go', () => stillThere(held.ids).length === 0);
  const before = await readAll(t, place);
  t.ok(isContiguous(before), 'what was journaled can be read without the daemon');
  t.ok(before.length > 0);

  const second = await startDaemon(t, place);
  await waitFor('the same programs again', () => {
    const now = heldBy(second.pid);
    return now.programs.length >= held.programs.length && now.links >= held.links;
  });
  const again = heldBy(second.pid);
  t.same(again.programs, held.programs, 'no program is there twice');
  t.equal(again.links, held.links, 'no link is there twice');
  t.equal(await second.stop(), 0);
  t.same(stillThere(held.ids), []);
  await waitFor('the kernel to let go', () => stillThere(again.ids).length === 0);

  const after = await readAll(t, place);
  t.ok(isContiguous(after), 'numbers go on over the restart, without a hole');
  t.same(
    after.slice(0, before.length).map(({ seq, event_id }) => ({ seq, event_id })),
    before.map(({ seq, event_id }) => ({ seq, event_id })),
    'nothing that was journaled has changed',
  );
  const restart = after.slice(before.length);
  t.ok(ofKind(restart, 'gap').length > 0, 'the time without a daemon is reported as a gap');
});

function isContiguous(lines: readonly Line[]): boolean {
  return lines.every(({ seq }, index) => Number(seq) === Number(lines[0]?.seq) + index);
}
