import t from 'tap';
import { HttpConnection, type Direction, type HttpEvent } from '../../../src/http/index.js';
import { seeded } from '../../helpers/mutations.js';
import { recordAll, type Recording } from './http2-recordings.js';

type Wire = Recording['wire'];

/** Exchanges without ids, as far as they were answered: `GET /path host 200`. */
function exchanges(events: readonly HttpEvent[]): string[] {
  const asked = new Map<number, string>();
  return events.flatMap((event) => {
    if (event.event === 'request') {
      asked.set(event.id, `${event.method} ${event.target} ${event.host}`);
      if (event.version !== '2') throw new Error(`version ${event.version}`);
    }
    return event.event === 'response' ? [`${asked.get(event.id) ?? '?'} ${event.status}`] : [];
  });
}

function read(wire: Wire): HttpEvent[] {
  const connection = new HttpConnection();
  const events = wire.flatMap(([direction, bytes]) => connection.feed(direction, bytes));
  return [...events, ...connection.end()];
}

const cut = (wire: Wire, first: number, size: number): Wire =>
  wire.flatMap(([direction, bytes]) => {
    const pieces: [Direction, Uint8Array][] = [];
    for (let at = 0, end = first; at < bytes.length; at = end, end = at + size) {
      pieces.push([direction, bytes.subarray(at, end)]);
    }
    return pieces;
  });

const same = (a: readonly string[], b: readonly string[]): boolean =>
  [...a].sort().join() === [...b].sort().join();

const recordings = await recordAll();

t.test('what a client of nghttp2 asks and is answered is said as it was', (t) => {
  for (const [name, { wire, truth }] of Object.entries(recordings)) {
    const events = read(wire);
    t.same(exchanges(events), truth, name);
    t.same(
      events.filter(({ event }) => event === 'invalid' || event === 'not_http'),
      [],
      name,
    );
  }
  t.end();
});

t.test('however its bytes are cut', (t) => {
  for (const [name, { wire, truth }] of Object.entries(recordings)) {
    for (const [first, size] of [
      [1, 1],
      [7, 3],
      [9, 1000],
      [24, 16_384],
    ] as const) {
      t.same(exchanges(read(cut(wire, first, size))), truth, `${name}: ${first}+${size}`);
    }
  }
  t.end();
});

/** The same request with what was not known left out. */
const isTrue = (said: string, truth: readonly string[]): boolean => {
  const [method, target, host, status] = said.split(' ');
  return truth.some((line) => {
    const [m, p, h, s] = line.split(' ');
    const fits = (mine: string | undefined, real: string | undefined): boolean =>
      mine === '' || mine === real;
    return method === m && status === s && fits(target, p) && fits(host, h);
  });
};

t.test('with a hole at any place, or heard late, it says nothing that was not', (t) => {
  const wrong: string[] = [];
  let said = 0;
  for (const [name, { wire, truth }] of Object.entries(recordings)) {
    wire.forEach(([direction, bytes], index) => {
      for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 25)) {
        for (const count of [1, 9, 60, bytes.length]) {
          const connection = new HttpConnection();
          const missing = Math.min(count, bytes.length - at);
          const events = wire.flatMap(([way, whole], piece) =>
            piece !== index
              ? connection.feed(way, whole)
              : [
                  ...connection.feed(direction, whole.subarray(0, at)),
                  ...connection.skip(direction, missing),
                  ...connection.feed(direction, whole.subarray(at + missing)),
                ],
          );
          const told = exchanges(events);
          said += told.length;
          wrong.push(
            ...told.filter((one) => !isTrue(one, truth)).map((one) => `${name} ${index}: ${one}`),
          );
        }
      }
      const late = exchanges(read(wire.slice(index)));
      wrong.push(...late.filter((one) => !isTrue(one, truth)));
    });
  }
  t.same(wrong, []);
  t.ok(said > 1000, 'and what it can');
  t.end();
});

t.test('an answer may be heard before its request', (t) => {
  for (const [name, { wire, truth }] of Object.entries(recordings)) {
    const wrong = wire.flatMap((piece, i) => {
      const next = wire[i + 1];
      if (i < 4 || next === undefined) return [];
      const swapped = [...wire.slice(0, i), next, piece, ...wire.slice(i + 2)];
      const isSame = next[0] === piece[0] || same(exchanges(read(swapped)), truth);
      return isSame ? [] : [i];
    });
    t.same(wrong, [], name);
  }
  t.end();
});

t.test('heard late, it goes on with the next request', (t) => {
  const { wire = [], truth = [] } = recordings['paths, hosts and statuses'] ?? {};
  const middle = wire.findIndex(([, bytes], i) => i > wire.length / 2 && bytes.length > 0);
  const late = exchanges(read(wire.slice(middle)));
  t.ok(late.length >= truth.length / 3, late.join('\n'));
  t.end();
});

t.test('nothing that comes makes it throw, wait or grow', (t) => {
  const { wire = [] } = recordings['paths, hosts and statuses'] ?? {};
  const random = seeded(9113);
  let held = 0;
  for (let round = 0; round < 100; round += 1) {
    const connection = new HttpConnection();
    for (const [direction, bytes] of wire) {
      const mutated = Uint8Array.from(bytes);
      for (let i = 0; i < 3; i += 1) mutated[random(mutated.length)] = random(256);
      connection.feed(direction, mutated);
    }
    held = Math.max(held, connection.stats().heldBytes);
  }
  t.ok(held <= 2 * 66_000, `${held}`);
  t.end();
});
