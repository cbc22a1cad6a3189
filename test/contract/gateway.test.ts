import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t from 'tap';
import type { Incoming } from '../../src/gateway/incoming.js';
import { readJournal } from '../../src/journal/index.js';
import {
  endChild,
  followJson,
  parseLines,
  runCommand,
  startChild,
  withoutRunner,
} from '../helpers/children.js';
import type { Owner } from '../helpers/children.js';
import { freePort } from '../helpers/free-port.js';
import { startNatsServer } from '../helpers/nats-server.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';
import { FakeNode, NODE, TENANT } from '../unit/gateway/fake-node.js';
import { connectTo, directoryOf, messageOf } from '../unit/gateway/hub.js';
import type { NatsConnection } from 'nats';

const MAIN = 'dist/main.js';

interface Line {
  readonly node: string;
  readonly seq: number;
  readonly kind: string;
  readonly finding?: { readonly rule: string; readonly summary: string };
}

async function send(nats: NatsConnection, records: readonly Incoming[]): Promise<void> {
  for (const record of records) {
    const { subject, data } = messageOf([record]);
    await waitFor('the stream to take it', () =>
      nats
        .jetstream()
        .publish(subject, data, { timeout: 2000 })
        .then(
          () => true,
          () => false,
        ),
    );
  }
}

const bytesOf = (journal: string): Buffer[] =>
  [...readJournal(journal)].map((entry) =>
    'bytes' in entry ? Buffer.from(entry.bytes) : Buffer.of(),
  );

/** Bytes of what a node journaled, to compare with. */
const recordsOf = (node: FakeNode): Buffer[] => node.records.map(({ bytes }) => Buffer.from(bytes));

function writeConfig(
  t: Owner,
  gateway: Record<string, unknown>,
): { config: string; stateDir: string } {
  const directory = scratchDirectory(t);
  const stateDir = join(directory, 'gateway');
  const config = join(directory, 'config.yaml');
  writeFileSync(config, JSON.stringify({ gateway: { state_dir: stateDir, ...gateway } }), {
    mode: 0o600,
  });
  return { config, stateDir };
}

async function startGateway(t: Owner, config: string) {
  const child = startChild(
    t,
    withoutRunner([process.execPath, MAIN, 'gateway', '--config', config]),
  );
  const log: string[] = [];
  createInterface({ input: child.stderr! }).on('line', (line) => log.push(line));
  await waitFor(`the gateway to be ready: ${log.join('\n')}`, () => {
    if (child.exitCode !== null) throw new Error(log.join('\n'));
    return log.some((line) => line.includes('"ready"'));
  });
  return { child, log };
}

t.test('scripts/dev-gateway shows what a node sends, and leaves nothing behind', async (t) => {
  const port = await freePort();
  const dir = scratchDirectory(t);
  const command = ['scripts/dev-gateway', '--no-build', '--port', `${port}`, '--dir', dir] as const;
  const child = startChild(t, withoutRunner([...command, '--', '--all', '-o', 'json']));
  const told: string[] = [];
  createInterface({ input: child.stderr! }).on('line', (line) => told.push(line));
  const shown = followJson<Line>(child);
  const key = await waitFor('the lines of a configuration', () => {
    if (child.exitCode !== null) throw new Error(told.join('\n'));
    return /gateway_key: "(.+)"/.exec(told.join('\n'))?.[1];
  });
  t.match(key, /^watchfloor\.v1\/witness\/gateway\+[0-9a-f]{8}\+/);
  const url = `nats://127.0.0.1:${port}`;
  const nats = await connectTo(t, url);
  const node = new FakeNode();
  node.many(3);
  node.add({ heartbeat: { number: 1n, version: '9.8.7', agents: 2 } }, 'heartbeat');
  node.checkpoint();
  await send(nats, node.records);
  const cosigned = join(
    directoryOf(join(dir, 'gateway'), { tenant: TENANT, node: NODE }),
    'journal',
    'cosigned',
  );
  await waitFor('the cosignature', () => existsSync(cosigned));
  await waitFor('the records on the screen', () => shown.length >= 5);
  t.same(
    shown.map(({ node: name, seq }) => [name, seq]),
    [1, 2, 3, 4, 5].map((seq) => [NODE, seq]),
  );
  const tail = await runCommand(
    t,
    withoutRunner([
      process.execPath,
      MAIN,
      'tail',
      '--nats',
      url,
      '--kind',
      'exec',
      '-n',
      '2',
      '-o',
      'json',
      '--node',
      'web-*',
    ]),
  );
  t.same(
    parseLines<Line>(tail.stdout).map(({ seq }) => seq),
    [2, 3],
    tail.stderr,
  );
  const other = await runCommand(
    t,
    withoutRunner([process.execPath, MAIN, 'tail', '--nats', url, '--all', '--node', 'db-*']),
  );
  t.same([other.code, other.stdout], [0, ''], 'of another node there is nothing');
  const status = await runCommand(
    t,
    withoutRunner([process.execPath, MAIN, 'status', '--nats', url, '-o', 'json']),
  );
  t.match(parseLines(status.stdout), [
    { node: NODE, tenant: TENANT, version: '9.8.7', agents: 2, cosigned: 4 },
  ]);
  const table = await runCommand(
    t,
    withoutRunner([process.execPath, MAIN, 'status', '--nats', url]),
  );
  t.match(table.stdout, /^NODE +TENANT +STATE[^\n]*\nweb-1 +default +ok/);
  await nats.close();
  await endChild(child, 'SIGTERM');
  t.equal(child.exitCode, 0);
  await t.rejects(connectTo(t, url), 'the server is gone');
});

t.test(
  'a gateway that is killed with SIGKILL again and again loses and repeats nothing',
  async (t) => {
    const server = await startNatsServer(t);
    const { config, stateDir } = writeConfig(t, { nats: { servers: [server.url] } });
    const journal = join(directoryOf(stateDir, { tenant: TENANT, node: NODE }), 'journal');
    const node = new FakeNode();
    let gateway = await startGateway(t, config);
    const nats = await connectTo(t, server.url);
    for (let round = 1; round <= 4; round += 1) {
      const before = node.records.length;
      for (let at = 0; at < 5; at += 1) {
        node.many(99);
        node.checkpoint();
      }
      // Killed while it reads: some are durable, some are not, some are not acknowledged.
      const sending = send(nats, node.records.slice(before));
      const at = BigInt(before + 250);
      await waitFor(
        'half of them',
        () => existsSync(journal) && BigInt(bytesOf(journal).length) > at,
      );
      await endChild(gateway.child, 'SIGKILL');
      await sending;
      gateway = await startGateway(t, config);
    }
    await waitFor('all of them', () => bytesOf(journal).length === node.records.length, 60_000);
    const last = `\n${node.records.length - 1}\n`;
    await send(nats, node.records.slice(-1));
    const cosigned = join(journal, 'cosigned');
    await waitFor('the last cosignature', () => {
      return existsSync(cosigned) && readFileSync(cosigned, 'utf8').includes(last);
    });
    await endChild(gateway.child, 'SIGTERM');
    t.equal(gateway.child.exitCode, 0, gateway.log.join('\n'));
    t.same(bytesOf(journal), recordsOf(node));
    const verify = await runCommand(
      t,
      withoutRunner([process.execPath, MAIN, 'verify', '--state-dir', stateDir]),
    );
    t.equal(verify.code, 0, `its own journal: ${verify.stdout}`);
    const copy = directoryOf(stateDir, { tenant: TENANT, node: NODE });
    const verified = await runCommand(
      t,
      withoutRunner([process.execPath, MAIN, 'verify', '--state-dir', copy]),
    );
    t.equal(verified.code, 0, `the copy: ${verified.stdout}`);
  },
);

t.test('findings about nodes are in its own journal, and name them', async (t) => {
  const server = await startNatsServer(t);
  const { config, stateDir } = writeConfig(t, {
    nats: { servers: [server.url] },
    silent_after_s: 5,
  });
  const gateway = await startGateway(t, config);
  const nats = await connectTo(t, server.url);
  const node = new FakeNode();
  await send(nats, node.many(5));
  const restored = new FakeNode({ key: node.key, epoch: 2, from: node, size: 3 });
  await send(nats, restored.many(1));
  const findings = async (): Promise<Line[]> => {
    const run = [
      'tail',
      '--state-dir',
      stateDir,
      '--run-dir',
      join(stateDir, 'run'),
      '-o',
      'json',
    ] as const;
    return parseLines<Line>(
      (await runCommand(t, withoutRunner([process.execPath, MAIN, ...run]))).stdout,
    );
  };
  const found = await waitFor('both findings', async () => {
    const lines = await findings();
    return lines.length >= 2 && lines;
  });
  t.same(
    found.map(({ finding }) => finding?.rule),
    ['node.rollback', 'node.silent'],
  );
  for (const { finding } of found) t.match(finding?.summary, /^node web-1 of tenant default /);
  const { evidence } = found[0]!.finding as unknown as { evidence: string[] };
  t.match(
    evidence.join('\n'),
    /leaf that is here for record 4: [A-Za-z0-9+/]{43}=/,
    'hashes are whole',
  );
  await endChild(gateway.child, 'SIGTERM');
});

t.test(
  'two gateways of one cluster are witnesses each for itself, and outlive a server',
  async (t) => {
    const routes = await Promise.all([freePort(), freePort(), freePort()]);
    const list = routes.map((port) => `"nats://127.0.0.1:${port}"`).join(',');
    const servers = await Promise.all(
      routes.map((port, index) =>
        startNatsServer(t, {
          config: `server_name: n${index}\ncluster { name: c, listen: "127.0.0.1:${port}", routes: [${list}] }`,
        }),
      ),
    );
    const urls = servers.map(({ url }) => url);
    const nats = await connectTo(t, urls[0]!);
    await waitFor(
      'a stream of three copies',
      async () => {
        const manager = await nats.jetstreamManager({ checkAPI: false });
        const stream = { name: 'WATCHFLOOR', subjects: ['watchfloor.v1.>'], num_replicas: 3 };
        return manager.streams.add(stream).then(
          () => true,
          () => false,
        );
      },
      60_000,
    );
    const witnesses = await Promise.all(
      ['east', 'west'].map(async (name) => {
        const { config, stateDir } = writeConfig(t, { name, nats: { servers: urls } });
        const gateway = await startGateway(t, config);
        return {
          name,
          gateway,
          journal: join(directoryOf(stateDir, { tenant: TENANT, node: NODE }), 'journal'),
        };
      }),
    );
    const node = new FakeNode();
    node.many(50);
    node.checkpoint();
    await send(nats, node.records);
    await servers[2]!.kill();
    const before = node.records.length;
    node.many(50);
    node.checkpoint();
    await send(nats, node.records.slice(before));
    for (const { name, gateway, journal } of witnesses) {
      const note = await waitFor(
        `the cosignature of ${name}`,
        () => {
          const file = join(journal, 'cosigned');
          const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
          return text.includes('\n101\n') && text;
        },
        60_000,
      );
      t.match(note, new RegExp(`— watchfloor\\.v1/witness/${name} `));
      t.same(bytesOf(journal), recordsOf(node));
      await endChild(gateway.child, 'SIGTERM');
    }
  },
);

t.test(
  'a fleet tail goes on over restarts of the broker, without a hole or a repeat',
  async (t) => {
    const server = await startNatsServer(t);
    const setup = await connectTo(t, server.url);
    const manager = await setup.jetstreamManager();
    await manager.streams.add({ name: 'WATCHFLOOR', subjects: ['watchfloor.v1.>'] });
    await setup.close();
    const args = ['tail', '-f', '-n', '1000', '--all', '-o', 'json', '--nats', server.url] as const;
    const child = startChild(t, withoutRunner([process.execPath, MAIN, ...args]));
    const told: string[] = [];
    createInterface({ input: child.stderr! }).on('line', (line) => told.push(line));
    const shown = followJson<Line>(child);
    const node = new FakeNode();
    for (let round = 1; round <= 3; round += 1) {
      const nats = await connectTo(t, server.url);
      const records = node.many(20);
      await send(nats, records);
      // A node that never got an ack sends again: it is shown once.
      await send(nats, records.slice(-3));
      await nats.close();
      await waitFor(
        `the records of round ${round}: ${told.join('; ')}`,
        () => shown.length >= round * 20,
      );
      if (round < 3) await server.restart();
    }
    t.same(
      shown.map(({ seq }) => seq),
      node.records.map(({ seq }) => Number(seq)),
    );
    t.match(told.join('\n'), /-- the stream went away .*\n-- the stream is back --/);
  },
);
