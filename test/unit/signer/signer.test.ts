import t from 'tap';
import { Signer, SignerError } from '../../../src/signer/index.js';
import type { Owner } from '../../helpers/children.js';
import { type FakeStart, fakeSigner } from '../../helpers/fake-signer.js';
import { scratchDirectory } from '../../helpers/scratch.js';
import { waitFor } from '../../helpers/wait.js';

const ORIGIN = 'watchfloor.v1/default/web-1';
const hash = (fill: number) => Buffer.alloc(32, fill);
const request = { size: 9n, root: hash(9), oldSize: 0n, proof: [], range: [hash(1), hash(2)] };
const GOOD = { ok: true, note: 'a note' };
const unable = (reason: string) => ({ ok: false, reason });

async function start(t: Owner, plan: readonly FakeStart[], deadlineMs = 20_000) {
  const fake = fakeSigner(t, plan);
  const { binary, directory } = fake;
  const signer = await Signer.start({ directory, origin: ORIGIN, binary, deadlineMs });
  t.teardown(() => signer.stop());
  return { signer, fake };
}

const isBack =
  (signer: Signer, restarts = 1) =>
  () =>
    signer.stats().restarts >= restarts && signer.stats().condition !== 'restarting';

t.test('it starts with its two arguments and nothing of our environment', async (t) => {
  process.env['WATCHFLOOR_TEST_SECRET'] = 'of the daemon';
  t.teardown(() => delete process.env['WATCHFLOOR_TEST_SECRET']);
  const { signer, fake } = await start(t, [{ size: 5, root: 3 }]);
  const [{ args, env } = { args: [], env: {} }] = fake.starts();
  t.same(args, ['--directory', fake.directory, '--origin', ORIGIN]);
  t.notOk('WATCHFLOOR_TEST_SECRET' in env);
  t.notOk('PATH' in env);
  t.equal(signer.vkey, 'fake+00000000+AAAA');
  t.same(signer.state, { size: 5n, root: hash(3), range: [], note: 'note 5' });
});

t.test('a note that was given out is the new state', async (t) => {
  const { signer } = await start(t, [{}]);
  t.same(await signer.checkpoint(request), GOOD);
  const { size, root, range } = request;
  t.same(signer.state, { size, root, range, note: 'a note' });
  t.equal(await signer.heartbeat(1n, hash(1)), 'a note');
  t.match(signer.stats(), { condition: 'running', signed: 2, refused: 0, unavailable: 0 });
});

t.test('what is refused is said with its reason, counted, and changes nothing', async (t) => {
  const { signer } = await start(t, [
    {
      answers: [
        [1, ''],
        [2, ''],
        [3, 'sync state.tmp: No space'],
      ],
    },
  ]);
  t.same(await signer.checkpoint(request), unable('inconsistent'));
  t.same(await signer.checkpoint(request), unable('invalid'));
  t.same(await signer.checkpoint(request), unable('unavailable'));
  t.same(await signer.checkpoint({ ...request, root: Buffer.alloc(3) }), unable('invalid'));
  t.equal(await signer.heartbeat(1n, Buffer.alloc(3)), null);
  t.equal(signer.state.size, 0n);
  t.match(signer.stats(), { refused: 4, unavailable: 1, lastError: 'sync state.tmp: No space' });
});

t.test('answers come to whoever asked, in order', async (t) => {
  const notes = Array.from({ length: 60 }, (_, i) => `note of ${String(i)}`);
  const { signer } = await start(t, [{ answers: notes.map((note) => [0, note] as const) }]);
  const asked = notes.map((_, i) => signer.heartbeat(BigInt(i), hash(1)));
  t.same(await Promise.all(asked), notes);
});

t.test('more requests than a process may owe answers to are unavailable at once', async (t) => {
  const { signer } = await start(t, [
    { answers: Array.from({ length: 64 }, () => 'hang' as const) },
  ]);
  const asked = Array.from({ length: 64 }, () => signer.heartbeat(1n, hash(1)));
  t.equal(await signer.heartbeat(1n, hash(1)), null);
  t.match(signer.stats(), { condition: 'running', unavailable: 1 });
  await signer.stop();
  t.same(new Set(await Promise.all(asked)), new Set([null]));
});

const FAULTS: readonly (readonly [name: string, first: FakeStart, error: RegExp])[] = [
  ['dies', { answers: ['die'] }, /ended by SIGKILL/],
  ['answers with noise', { answers: ['noise'] }, /does not speak our protocol/],
];
for (const [name, first, error] of FAULTS) {
  t.test(`a process that ${name} is started again, and its state is read again`, async (t) => {
    const { signer, fake } = await start(t, [first, { size: 9, root: 9 }]);
    const both = [signer.checkpoint(request), signer.heartbeat(1n, hash(1))];
    t.same(await Promise.all(both), [unable('unavailable'), null]);
    await waitFor('the second process', isBack(signer));
    t.match(signer.stats(), {
      condition: 'running',
      restarts: 1,
      unavailable: 2,
      lastError: error,
    });
    t.same(signer.state, { size: 9n, root: hash(9), range: [], note: 'note 9' });
    t.equal(fake.starts().length, 2);
    t.same(await signer.checkpoint({ ...request, size: 10n, oldSize: 9n }), GOOD);
  });
}

t.test('a process that does not answer in time is ended and started again', async (t) => {
  const { signer } = await start(t, [{ answers: ['hang'] }, {}], 2000);
  t.same(await signer.checkpoint(request), unable('unavailable'));
  await waitFor('the second process', isBack(signer));
  t.match(signer.stats(), { restarts: 1, lastError: 'it did not answer in time' });
  t.same(await signer.checkpoint(request), GOOD);
});

t.test('a process that cannot be started again is tried again and again', async (t) => {
  const exit = [74, 'watchfloor-signer: open state: Input/output error'] as const;
  const { signer } = await start(t, [{ answers: ['die'] }, { exit }, { exit }, {}]);
  t.equal(await signer.heartbeat(1n, hash(1)), null);
  t.same(await signer.checkpoint(request), unable('unavailable'));
  await waitFor('the fourth start', isBack(signer, 3));
  t.match(signer.stats(), { lastError: 'open state: Input/output error', condition: 'running' });
  t.same(await signer.checkpoint(request), GOOD);
});

const BACK: readonly (readonly [name: string, second: FakeStart, error: RegExp])[] = [
  ['less than it had signed', { size: 8, root: 9 }, /less than it had signed/],
  ['another root for the same size', { size: 9, root: 8 }, /another root/],
  ['another key', { size: 9, root: 9, vkey: 'fake+00000000+BBBB' }, /another key/],
];
for (const [name, second, error] of BACK) {
  t.test(`a process that comes back with ${name} signs nothing any more`, async (t) => {
    const { signer } = await start(t, [{ answers: [[0, 'a note'], 'die'] }, second]);
    await signer.checkpoint(request);
    await signer.heartbeat(1n, hash(1));
    await waitFor('the second process', isBack(signer));
    t.match(signer.stats(), { condition: 'behind', lastError: error });
    t.same(await signer.checkpoint({ ...request, size: 10n }), unable('inconsistent'));
    t.equal(await signer.heartbeat(1n, hash(1)), null);
    t.equal(signer.state.size, 9n, 'what was signed stays signed');
  });
}

const REFUSALS: readonly (readonly [FakeStart, code: string, message: RegExp])[] = [
  [
    { exit: [77, 'watchfloor-signer: key: others may read or write it'] },
    'EPERM',
    /key: others .*0700/,
  ],
  [
    { exit: [78, 'watchfloor-signer: state: was not written'] },
    'EINVAL',
    /state: was not .*restore/,
  ],
  [{ exit: [75, 'watchfloor-signer: x: is used by'] }, 'EBUSY', /is used by.*stop the other/],
  [{ exit: [127, 'error while loading shared libraries'] }, 'ELIBACC', /libraries.*libssl3/],
  [{ exit: [74, ''] }, 'EIO', /exit code 74.*disk/],
];
for (const [plan, code, message] of REFUSALS) {
  t.test(`a start that fails with ${code} says what can be done`, async (t) => {
    await t.rejects(start(t, [plan]), { name: 'SignerError', code, message });
  });
}

t.test('a binary that is not there is said so', async (t) => {
  const directory = scratchDirectory(t);
  const binary = `${directory}/none`;
  const error: unknown = await Signer.start({ directory, origin: ORIGIN, binary }).catch(
    (reason: unknown) => reason,
  );
  t.ok(error instanceof SignerError);
  t.match(error, { code: 'ENOENT', operation: 'start signer', remedy: /npm run build:native/ });
});

t.test('stop lets it answer what it was asked, and nothing after it', async (t) => {
  const { signer } = await start(t, [{}]);
  const asked = signer.checkpoint(request);
  await signer.stop();
  t.same(await asked, GOOD);
  t.same(await signer.checkpoint(request), unable('unavailable'));
  t.match(signer.stats(), { condition: 'stopped', restarts: 0 });
  await signer.stop();
});

t.test('stop ends a signer that is about to be started again', async (t) => {
  const { signer, fake } = await start(t, [{ answers: ['die'] }, {}]);
  await signer.heartbeat(1n, hash(1));
  await waitFor('its end', () => signer.stats().condition === 'restarting');
  await signer.stop();
  // Another one that comes back has waited as long as this one would have.
  const other = await start(t, [{ answers: ['die'] }, {}]);
  await other.signer.heartbeat(1n, hash(1));
  await waitFor('the restart of another', isBack(other.signer));
  t.equal(fake.starts().length, 1);
  t.equal(signer.stats().condition, 'stopped');
});
