import { connect } from 'nats';
import type { StreamConfig } from 'nats';
import t from 'tap';
import { AUDIT_STREAM, ensureStream, WATCHFLOOR_STREAM } from '../../../src/nats/index.js';
import { openLink } from '../../helpers/nats-link.js';
import { startNatsServer } from '../../helpers/nats-server.js';
import { waitFor } from '../../helpers/wait.js';

t.test('a stream is made by whoever comes first, and is right for who comes next', async (t) => {
  const server = await startNatsServer(t);
  const link = openLink(t, server.url);
  t.equal((await ensureStream(link, WATCHFLOOR_STREAM)).state, 'unknown', 'not connected yet');
  await waitFor('the connection', () => link.state === 'connected');
  for (const spec of [WATCHFLOOR_STREAM, AUDIT_STREAM]) {
    const made = await ensureStream(link, spec);
    t.match(made, { state: 'created', problems: [], created: /^20/ });
    t.same(await ensureStream(link, spec), { ...made, state: 'ok' });
  }
  const client = await connect({ servers: server.url });
  const { streams } = await client.jetstreamManager();
  t.match((await streams.info('WATCHFLOOR')).config, {
    subjects: ['watchfloor.v1.>'],
    storage: 'file',
    retention: 'limits',
    discard: 'old',
    max_age: 7 * 86_400 * 1e9,
    duplicate_window: 120e9,
    num_replicas: 1,
  });
  await streams.delete('AUDIT');
  await streams.add({ name: 'AUDIT', subjects: ['assembly.audit.>'] });
  t.equal((await ensureStream(link, AUDIT_STREAM)).state, 'ok', 'as its own gateway makes it');
  await client.close();
});

t.test('what differs is explained and not changed', async (t) => {
  const server = await startNatsServer(t);
  const link = openLink(t, server.url);
  const client = await connect({ servers: server.url });
  const { streams } = await client.jetstreamManager();
  await waitFor('the connection', () => link.state === 'connected');
  const cases: readonly (readonly [Partial<StreamConfig>, RegExp])[] = [
    [{ subjects: ['watchfloor.v1.record.>'] }, /should hold watchfloor\.v1\.>.*--subjects/],
    [{ storage: 'memory' as never }, /storage .* is memory and should be file/],
    [{ retention: 'workqueue' as never }, /retention .* is workqueue and should be limits/],
    [{ discard: 'new' as never }, /discards new .*--discard old/],
    [{ duplicate_window: 1e9 }, /duplicate window .* is 1 s and should be 120 s/],
    [{ max_age: 3600e9 }, /for 3600 s and should keep them 604800 s/],
    [{ max_age: 0 }, /without end and should keep them 604800 s/],
    [{ max_msgs_per_subject: 5 }, /keeps 5 messages a subject/],
    [{ max_msg_size: 4096 }, /takes messages of 4096 bytes/],
  ];
  for (const [different, what] of cases) {
    const config = {
      name: 'WATCHFLOOR',
      subjects: ['watchfloor.v1.>'],
      max_age: 604_800e9,
      ...different,
    };
    await streams.add(config);
    const check = await ensureStream(link, WATCHFLOOR_STREAM);
    t.equal(check.state, 'differs');
    t.equal(check.problems.length, 1, check.problems.join('\n'));
    t.match(check.problems[0], what);
    t.match((await streams.info('WATCHFLOOR')).config, different, 'nothing was changed');
    await streams.delete('WATCHFLOOR');
  }
  await client.close();
});

t.test('a server without JetStream is named as such', async (t) => {
  const server = await startNatsServer(t, { jetstream: false });
  const link = openLink(t, server.url);
  await waitFor('the connection', () => link.state === 'connected');
  const check = await ensureStream(link, WATCHFLOOR_STREAM);
  t.match(check, { state: 'missing', problems: [/JetStream is not enabled/] });
});
