import t from 'tap';
import type { ProcessKey } from '../../../src/event/index.js';
import { Exchanges } from '../../../src/pipeline/exchanges.js';
import { HttpSessions } from '../../../src/pipeline/http-sessions.js';
import type { StreamChunk } from '../../../src/stream/index.js';
import { originAt } from '../../helpers/events.js';

const MIB = 1024 * 1024;
const KEY: ProcessKey = { tgid: 100, startNs: 1n };

const chunk = (ssl: bigint, text: string, ms = 1): StreamChunk => ({
  ...{ key: KEY, root: KEY, ssl, tid: 100, direction: 'write', position: 0, call: ssl },
  ...{ attachment: null, origin: originAt(BigInt(ms) * 1_000_000n, BigInt(ms)) },
  bytes: Buffer.from(text, 'latin1'),
});

t.test('sessions that were silent longest go when all of them hold too much', (t) => {
  const sessions = new HttpSessions<never>();
  const hold = (ssl: bigint): void => {
    const session = sessions.use(KEY, ssl);
    session.http.feed('write', Buffer.from(`GET / HTTP/1.1\r\nX: ${'x'.repeat(16_000)}`));
    sessions.count(session);
  };
  for (let ssl = 1n; ssl <= 3000n; ssl += 1n) hold(ssl);
  t.equal(sessions.surplus(), undefined);
  sessions.use(KEY, 1n);
  let gone = 0;
  for (let ssl = 3001n; ssl <= 4000n; ssl += 1n) {
    hold(ssl);
    for (let one = sessions.surplus(); one !== undefined; one = sessions.surplus(), gone += 1) {
      sessions.remove(one);
    }
  }
  const { heldBytes, sessions: left } = sessions.stats();
  t.ok(heldBytes <= 64 * MIB && heldBytes > 63 * MIB, `${heldBytes}`);
  t.equal(left + gone, 4000);
  t.equal(sessions.get(KEY, 2n), undefined, 'silent longest');
  t.not(sessions.get(KEY, 1n), undefined, 'used again');
  t.end();
});

t.test('what a session held is free when it ends', (t) => {
  const sessions = new HttpSessions<never>();
  const session = sessions.use(KEY, 7n);
  session.http.feed('write', Buffer.from('GET / HTTP'));
  sessions.count(session);
  t.ok(sessions.stats().heldBytes > 0);
  sessions.remove(session);
  sessions.remove(session);
  t.same(sessions.stats(), { sessions: 0, heldBytes: 0 });
  t.end();
});

t.test('requests that wait for their answers are so many, and so long, together', (t) => {
  const exchanges = new Exchanges(() => null);
  const told: number[] = [];
  for (let ssl = 1n; ssl <= 3000n; ssl += 1n) {
    const request = `GET /${ssl}${'x'.repeat(8000)} HTTP/1.1\r\nHost: a.test\r\n\r\n`;
    told.push(...exchanges.chunk(chunk(ssl, request)).done.map(({ ssl: of }) => Number(of)));
  }
  const { open, evicted } = exchanges.stats();
  t.ok(open > 2000 && open * 8000 < 16 * MIB, `${open}`);
  t.equal(evicted, 3000 - open);
  t.same(
    told,
    Array.from({ length: evicted }, (_, i) => i + 1),
    'the oldest are told as they are, each once',
  );
  t.end();
});

t.test('pieces of one byte hold no more than is counted, and somebody is told of the rest', (t) => {
  const exchanges = new Exchanges(() => null);
  // A frame that says it is long costs its room at once, and an unfinished line its pieces.
  const head = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\xf0\x00\x01\x04\x00\x00\x00\x01';
  for (let ssl = 1n; ssl <= 2000n; ssl += 1n) exchanges.chunk(chunk(ssl, head));
  const { sessions, heldBytes, evicted } = exchanges.stats();
  t.ok(heldBytes <= 64 * MIB && heldBytes > 60 * MIB, `${heldBytes}`);
  t.equal(sessions + evicted, 2000);
  const slow = new Exchanges(() => null);
  slow.chunk(chunk(1n, 'GET / HTTP/1.1\r\nX: '));
  for (let i = 0; i < 1000; i += 1) slow.chunk(chunk(1n, 'x'));
  t.ok(slow.stats().heldBytes > 20_000, `${slow.stats().heldBytes}`);
  t.end();
});
