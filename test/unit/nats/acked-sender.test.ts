import t from 'tap';
import type { Test } from 'tap';
import { AckedSender } from '../../../src/nats/index.js';
import type { Outgoing, Refusal } from '../../../src/nats/index.js';
import { fakeBroker } from '../../helpers/fake-nats.js';
import type { Answer, Published } from '../../helpers/fake-nats.js';
import { openLink } from '../../helpers/nats-link.js';
import { waitFor } from '../../helpers/wait.js';

interface Trial {
  readonly sender: AckedSender<Outgoing>;
  readonly seen: readonly Published[];
  readonly acked: readonly bigint[];
  readonly refusals: readonly Refusal[];
}

const ack = (more: object = {}): string =>
  JSON.stringify({ stream: 'WATCHFLOOR', seq: 1, ...more });

async function trial(t: Test, answer: Answer): Promise<Trial> {
  const seen: Published[] = [];
  const url = await fakeBroker(t, (published) => {
    seen.push(published);
    return answer(published);
  });
  const acked: bigint[] = [];
  const refusals: Refusal[] = [];
  const sender = new AckedSender<Outgoing>(openLink(t, url), {
    stream: 'WATCHFLOOR',
    ackMs: 300,
    onAcked: ({ last }) => acked.push(last),
    onRefused: (refusal) => refusals.push(refusal),
  });
  t.teardown(() => {
    sender.close();
  });
  return { sender, seen, acked, refusals };
}

const message = (at: number): Outgoing => ({
  subject: 's',
  id: `id-${at}`,
  body: Buffer.from('body'),
  first: BigInt(at),
  last: BigInt(at),
});

function sendAll(sender: AckedSender<Outgoing>, count: number): void {
  for (let at = 0; at < count; at += 1) sender.send(message(at));
}

t.test('a lost ack is made good with the same id, and only for what had none', async (t) => {
  const lost = new Set(['id-3', 'id-7']);
  const { sender, seen, acked } = await trial(t, ({ id }) => (lost.delete(id) ? [] : [ack()]));
  sendAll(sender, 10);
  await waitFor('all acks', () => sender.oldest === null);
  t.same(
    seen.slice(0, 10).map(({ id }) => id),
    Array.from({ length: 10 }, (_, at) => `id-${at}`),
  );
  t.same(
    seen.slice(10).map(({ id }) => id),
    ['id-3', 'id-7'],
  );
  t.same(acked.length, 10);
  t.same(sender.stats().resent, 2);
});

t.test('acks in any order are read, and the oldest without one is known', async (t) => {
  let held: Published | null = null;
  const { sender, acked } = await trial(t, (published) => {
    held ??= published;
    return published === held ? [] : [ack()];
  });
  sendAll(sender, 3);
  await waitFor('two acks', () => acked.length === 2);
  t.same(acked, [1n, 2n]);
  t.equal(sender.oldest?.first, 0n);
  t.equal(sender.stats().inFlight, 1);
});

t.test('what is no ack of ours counts for nothing', async (t) => {
  const { sender, acked } = await trial(
    t,
    ({ index }) =>
      [
        ['no json'],
        ['[]'],
        ['null'],
        ['{}'],
        [ack({ seq: 0 })],
        [ack({ seq: 'x' })],
        [ack({ stream: 'OTHER' })],
        [ack({ pad: 'x'.repeat(5000) })],
        ['{"error":null}'],
      ][index] ?? [],
  );
  sendAll(sender, 9);
  await waitFor('all to be looked at', () => sender.stats().strangeAcks === 9);
  t.same(acked, []);
  t.equal(sender.oldest?.first, 0n);
});

t.test('an ack that comes twice, or for another message, changes nothing', async (t) => {
  const { sender, acked } = await trial(t, () => [ack({ duplicate: true }), ack()]);
  sendAll(sender, 1);
  await waitFor('the second ack', () => sender.stats().strangeAcks === 1);
  t.same([acked, sender.stats().duplicates], [[0n], 1]);
});

t.test('a broker that never answers gets a window and no more', async (t) => {
  const { sender, seen } = await trial(t, () => []);
  let count = 0;
  while (sender.hasRoom(4)) sender.send(message(count++));
  t.equal(count, 256);
  await waitFor('the second round', () => sender.stats().resent >= 256);
  t.equal(sender.oldest?.first, 0n, 'nothing counts as sent');
  t.equal(new Set(seen.map(({ id }) => id)).size, 256);
});

t.test('the window has a limit of bytes, too', async (t) => {
  const { sender } = await trial(t, () => []);
  const body = Buffer.alloc(1 << 19);
  let count = 0;
  while (sender.hasRoom(body.length)) sender.send({ ...message(count++), body });
  t.equal(count, 16, '8 MiB');
});

t.test('a refusal has a class, stops the window, and is tried once a second', async (t) => {
  const cases: readonly (readonly [object, string])[] = [
    [{ code: 503, err_code: 10_077, description: 'maximum bytes exceeded' }, 'full'],
    [{ code: 400, err_code: 10_054, description: 'message size exceeds' }, 'too_large'],
    [{ code: 503, err_code: 10_076, description: 'not enabled' }, 'no_stream'],
    [{ code: 503, err_code: 10_008, description: 'unavailable' }, 'unavailable'],
    [{ code: 400, err_code: 1, description: 'a\u001b[31m\nb' }, 'refused'],
    [{}, 'refused'],
  ];
  const check = async ([error, kind]: readonly [object, string]): Promise<void> => {
    const { sender, refusals, seen, acked } = await trial(t, ({ index }) =>
      index < 5 ? [JSON.stringify({ error })] : [ack()],
    );
    sendAll(sender, 3);
    await waitFor('the refusal', () => refusals.length >= 3);
    t.equal(refusals[0]?.kind, kind);
    t.notMatch(refusals[0]?.text, /\p{Cc}/u);
    t.equal(seen.length, 3);
    sender.send(message(3));
    t.equal(seen.length, 3, 'a window that stopped sends nothing');
    await waitFor('it to go on', () => acked.length === 4);
    t.same(
      seen.slice(3, 6).map(({ id }) => id),
      ['id-0', 'id-0', 'id-0'],
      'one message tries the way for all',
    );
  };
  await Promise.all(cases.map(check));
});
