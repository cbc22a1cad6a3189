import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { connect } from 'nats';
import t from 'tap';
import type { Test } from 'tap';
import { Journal } from '../../../src/journal/index.js';
import { Publisher } from '../../../src/publish/index.js';
import type { PublishEvent } from '../../../src/publish/index.js';
import { redact } from '../../../src/redact/index.js';
import { cosign, formatCheckpoint, formatVkey, parseVkey } from '../../../src/tlog/index.js';
import { publicKeyOf, signNote, TYPE_COSIGNATURE } from '../../../src/tlog/index.js';
import type { VerifierKey } from '../../../src/tlog/index.js';
import { origin, stamp, valueOf } from '../../fixtures/golden/values.js';
import { openLink } from '../../helpers/nats-link.js';
import { startNatsServer } from '../../helpers/nats-server.js';
import { scratchDirectory } from '../../helpers/scratch.js';
import { waitFor } from '../../helpers/wait.js';

const ORIGIN = 'watchfloor.v1/default/node-1';
const SUBJECT = 'watchfloor.v1.cosign.default.node-1';
const node = generateKeyPairSync('ed25519');
const gateway = generateKeyPairSync('ed25519');
const keyOf = (name: string, pair: typeof node, type?: number): VerifierKey => {
  const key = parseVkey(formatVkey(name, publicKeyOf(pair.publicKey), type));
  if (key === null) throw new Error('no key');
  return key;
};

/** A node that waits for its gateway, and ten records of which the last is a checkpoint over the nine before. */
async function startNode(t: Test, url: string, forgotMs: number) {
  const stateDir = scratchDirectory(t);
  const journalDir = join(stateDir, 'journal');
  const { journal } = Journal.open(journalDir);
  const events: PublishEvent[] = [];
  const publisher = new Publisher({
    ...{ journalDir, stateDir, journal, link: openLink(t, url), tenant: 'default', node: 'node-1' },
    gatewayKey: keyOf('gateway', gateway, TYPE_COSIGNATURE),
    nodeKey: keyOf(ORIGIN, node),
    rootAt: (size) => journal.rootAt(size),
    assembly: false,
    onEvent: (event) => events.push(event),
    times: { forgotMs },
  });
  publisher.start();
  t.teardown(async () => {
    await publisher.stop();
    await journal.close();
  });
  for (let seq = 0n; seq < 9n; seq += 1n) {
    journal.append(redact({ ...valueOf('exec'), origin: { ...origin, seq } }, stamp));
  }
  await journal.flush();
  const { size, root } = journal.tree();
  const note = signNote(formatCheckpoint({ origin: ORIGIN, size, root }), ORIGIN, node.privateKey);
  const info = { size, root, note, vkey: '', oldSize: 0n, proof: [], range: [] };
  const base = valueOf('sensor');
  const checkpoint = { ...base, kind: 'checkpoint', part: 'checkpoint', checkpoint: info } as const;
  journal.append(redact(checkpoint, stamp));
  await journal.flush();
  await waitFor('all to be acknowledged', () => publisher.stats().ackedSeq === 10n);
  return { journal, publisher, events, size, root, note };
}

const signedBy = (note: string, pair: typeof node): string =>
  cosign(note, 'gateway', pair.privateKey, 1_800_000_000n);

t.test('a cosignature is kept when the gateway and the tree agree, and only then', async (t) => {
  const server = await startNatsServer(t);
  const { journal, publisher, events, size, root, note } = await startNode(t, server.url, 60_000);
  const client = await connect({ servers: server.url });
  t.teardown(() => client.close());
  const noteOf = (origin: string, at: bigint, of: Buffer): string =>
    signNote(formatCheckpoint({ origin, size: at, root: of }), origin, node.privateKey);
  const bad: readonly (readonly [string, RegExp])[] = [
    ['garbage', /no checkpoint/],
    ['long '.repeat(20_000), /too long/],
    ['x'.repeat(20_000), /too long/],
    [note, /gateway did not sign/],
    [signedBy(note, generateKeyPairSync('ed25519')), /gateway did not sign/],
    [signedBy(noteOf('watchfloor.v1/default/other', size, root), gateway), /another node/],
    [signedBy(noteOf(ORIGIN, size, Buffer.alloc(32)), gateway), /root is not ours/],
    [signedBy(noteOf(ORIGIN, size + 99n, root), gateway), /root is not ours/],
    [
      signedBy(
        signNote(formatCheckpoint({ origin: ORIGIN, size, root }), ORIGIN, gateway.privateKey),
        gateway,
      ),
      /this node did not sign/,
    ],
  ];
  for (const [index, [text, why]] of bad.entries()) {
    client.publish(SUBJECT, Buffer.from(text));
    await waitFor(why.source, () => publisher.stats().cosignatures?.refused === index + 1);
    t.match(publisher.stats().cosignatures?.lastRefusal, why);
  }
  t.equal(journal.cosigned, 0n);
  client.publish(SUBJECT, Buffer.from(signedBy(note, gateway)));
  await waitFor('the cosignature', () => journal.cosigned === size);
  t.same(events, [{ event: 'cosigned', size }]);
  client.publish(SUBJECT, Buffer.from(signedBy(note, gateway)));
  await waitFor('the same again', () => publisher.stats().cosignatures?.old === 1);
});

t.test('what is acknowledged and not cosigned is sent again, with growing pauses', async (t) => {
  const server = await startNatsServer(t);
  const { journal, publisher, events, note, size } = await startNode(t, server.url, 500);
  await server.restart({ wiped: true });
  await waitFor('it to send again', () => events.some(({ event }) => event === 'forgot'));
  t.match(
    events.find(({ event }) => event === 'forgot'),
    { event: 'forgot', from: 0n, to: 10n },
  );
  await waitFor('all again', () => publisher.stats().ackedSeq === 10n);
  const client = await connect({ servers: server.url });
  t.teardown(() => client.close());
  const { streams } = await client.jetstreamManager();
  const first = await waitFor('the first message', () =>
    streams.getMessage('WATCHFLOOR', { seq: 1 }).catch(() => null),
  );
  t.match(first.header.get('Nats-Msg-Id'), /^[0-9a-f-]{36}\.9\.r1$/);
  await waitFor('a second time', () => publisher.stats().forgotten >= 2);
  client.publish(SUBJECT, Buffer.from(signedBy(note, gateway)));
  await waitFor('the cosignature', () => journal.cosigned === size);
  t.equal(publisher.stats().stalled, false);
});

t.test('a cosignature that came while the node was away is found', async (t) => {
  const server = await startNatsServer(t);
  const { journal, publisher, note, size } = await startNode(t, server.url, 60_000);
  const client = await connect({ servers: server.url });
  const { streams } = await client.jetstreamManager();
  await streams.purge('WATCHFLOOR');
  await client.jetstream().publish(SUBJECT, Buffer.from(signedBy(note, gateway)));
  await waitFor('it on the subscription', () => journal.cosigned === size);
  await client.close();
  await server.kill();
  await server.restart();
  await waitFor('the stored one', () => (publisher.stats().cosignatures?.old ?? 0) >= 1);
  t.equal(publisher.stats().cosignatures?.refused, 0);
});

t.test('what another stream acknowledged is sent again before anything else', async (t) => {
  const server = await startNatsServer(t);
  const { publisher, events } = await startNode(t, server.url, 600_000);
  await server.restart({ wiped: true });
  await waitFor('the resend', () => publisher.stats().forgotten === 1);
  t.match(
    events.find(({ event }) => event === 'forgot'),
    { from: 0n, to: 10n },
  );
  await waitFor('all to be acknowledged again', () => publisher.stats().ackedSeq === 10n);
  await server.restart();
  await waitFor('the next connection', () => publisher.stats().link.connects === 3);
  t.equal(publisher.stats().forgotten, 1, 'the same stream has what it acknowledged');
});
