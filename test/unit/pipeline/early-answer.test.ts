import t from 'tap';
import { Exchanges } from '../../../src/pipeline/exchanges.js';
import type { StreamChunk } from '../../../src/stream/index.js';
import { utf8 } from '../../helpers/wire.js';

const SECOND = 1_000_000_000n;
const MS = 1_000_000n;
const key = { tgid: 100, startNs: 1n };
const [READER, WRITER] = [11, 12];

const chunk = (
  direction: 'write' | 'read',
  text: string,
  ms: bigint,
  tid: number,
  ssl = 7n,
): StreamChunk => ({
  ...{ key, root: key, ssl, tid, direction, position: 0, call: ms, attachment: null },
  origin: { bootNs: ms * MS, ring: 'payload', cpu: 0, seq: ms },
  bytes: utf8(text),
});
const request = 'GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n';
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

/** The status of each request, in the order in which they were made; 0: none was seen. */
function statuses(...chunks: readonly StreamChunk[]): number[] {
  const exchanges = new Exchanges(() => null);
  const steps = chunks.map((one) => exchanges.chunk(one));
  steps.push(exchanges.tick(30n * SECOND));
  return steps.flatMap(({ done }) => done.map(({ http }) => http.status));
}

t.test(
  'an answer that one thread reads before another has told the request is its answer',
  async (t) => {
    t.same(
      statuses(chunk('read', answer, 10n, READER), chunk('write', request, 12n, WRITER)),
      [200],
    );
    t.same(
      statuses(
        chunk('read', answer, 10n, READER),
        chunk('write', request, 12n, WRITER),
        chunk('write', request, 20n, WRITER),
        chunk('read', answer.replace('200', '404'), 30n, READER),
      ),
      [200, 404],
      'and what follows is paired as ever',
    );
  },
);

t.test('an answer to a request that was never seen is not given to the next', async (t) => {
  const late = (...rest: StreamChunk[]) => statuses(chunk('read', answer, 10n, READER), ...rest);
  t.same(late(chunk('write', request, 12n, READER)), [0], 'of the same thread');
  t.same(late(chunk('write', request, 111n, WRITER)), [0], 'long after it');
  t.same(
    late(chunk('read', answer, 11n, READER), chunk('write', request, 12n, WRITER)),
    [0],
    'with another behind it',
  );
  t.same(
    statuses(
      chunk('write', request, 1n, WRITER),
      chunk('read', answer, 2n, READER),
      chunk('read', answer, 10n, READER),
      chunk('write', request, 12n, WRITER),
    ),
    [200, 0],
    'not first of its session',
  );
});

t.test('what a server reads first does not wait', async (t) => {
  t.same(statuses(chunk('read', request, 10n, READER), chunk('write', answer, 12n, WRITER)), [200]);
});

t.test('an answer does not wait for ever, and only so many do', async (t) => {
  const exchanges = new Exchanges(() => null);
  exchanges.chunk(chunk('read', answer, 10n, READER));
  exchanges.tick(111n * MS);
  // Read before its request now, it answers nothing.
  exchanges.chunk(chunk('write', request, 110n, WRITER));
  t.same(
    exchanges.tick(30n * SECOND).done.map(({ http }) => http.status),
    [0],
  );

  const crowd = Array.from({ length: 257 }, (_, i) => BigInt(i));
  const all = statuses(
    ...crowd.map((ssl) => chunk('read', answer, 10n, READER, ssl)),
    ...crowd.map((ssl) => chunk('write', request, 12n, WRITER, ssl)),
  );
  t.equal(all.filter((status) => status === 200).length, 256);
});
