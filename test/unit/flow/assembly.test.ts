import t from 'tap';
import { Assembly } from '../../../src/flow/assembly.js';

const TEXT = Buffer.from('the quick brown fox jumps over the lazy dog');

/** xorshift32: the same numbers on every run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

t.test('pieces in any order, twice and overlapping are one beginning', (t) => {
  const random = randomOf(0x2545f491);
  for (let run = 0; run < 500; run += 1) {
    const assembly = new Assembly(1000);
    const held = new Set<number>();
    for (let i = 0; i < 60; i += 1) {
      const from = random(TEXT.length);
      const to = from + random(8);
      if (!assembly.add(from, TEXT.subarray(from, to))) t.fail('refused');
      for (let at = from; at < Math.min(to, TEXT.length); at += 1) held.add(at);
      let end = 0;
      while (held.has(end)) end += 1;
      const whole = Buffer.from(assembly.whole).toString();
      if (whole !== TEXT.subarray(0, end).toString()) t.fail(`${run}: ${whole}`);
    }
    assembly.add(0, TEXT);
    if (Buffer.compare(assembly.whole, TEXT) !== 0) t.fail('not whole');
  }
  t.end();
});

t.test('what stands is not rewritten', (t) => {
  const assembly = new Assembly(100);
  assembly.add(4, Buffer.from('EFGH'));
  t.equal(assembly.whole.length, 0, 'nothing without a beginning');
  t.ok(assembly.hasBytes);
  assembly.add(0, Buffer.from('abcdefghij'));
  t.equal(Buffer.from(assembly.whole).toString(), 'abcdEFGHij');
  assembly.add(2, Buffer.from('xxxxxxxxxxx'));
  t.equal(Buffer.from(assembly.whole).toString(), 'abcdEFGHijxxx');
  t.end();
});

t.test('neither bytes nor gaps grow without limit, and it says so', (t) => {
  const assembly = new Assembly(16);
  t.notOk(assembly.hasBytes);
  t.ok(assembly.add(3, new Uint8Array()), 'nothing is no loss');
  t.notOk(assembly.add(0, new Uint8Array(17)));
  t.equal(assembly.whole.length, 16, 'cut at the limit');
  t.notOk(assembly.add(1e9, Buffer.from('x')), 'far behind it');
  const gaps = new Assembly(1000);
  for (let i = 0; i < 32; i += 1) t.ok(gaps.add(1 + i * 2, Buffer.from('x')));
  t.notOk(gaps.add(500, Buffer.from('x')), 'one gap too many');
  t.ok(gaps.add(0, new Uint8Array(65)), 'which what closes them is not');
  t.equal(gaps.whole.length, 65);
  t.end();
});
