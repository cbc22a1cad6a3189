import t from 'tap';
import { LineSplitter } from '../../../src/governance/lines.js';

const all = (lines: LineSplitter, chunk: Buffer): string[] => {
  const found: string[] = [];
  lines.push(chunk);
  for (let line = lines.next(); line !== null; line = lines.next()) {
    found.push(String(line));
    if (line === 'too long') break;
  }
  return found;
};

t.test('lines are put together however they are cut', async (t) => {
  const text = Buffer.from('one\n\ntwo, ünd\nthree\n');
  for (let first = 0; first <= text.length; first++) {
    for (let second = first; second <= text.length; second++) {
      const lines = new LineSplitter(12);
      const parts = [text.subarray(0, first), text.subarray(first, second), text.subarray(second)];
      t.same(
        parts.flatMap((part) => all(lines, part)),
        ['one', '', 'two, ünd', 'three'],
      );
      t.notOk(lines.isWithinLine);
    }
  }
});

t.test('a line that comes byte by byte is kept once', async (t) => {
  const lines = new LineSplitter(10);
  for (const byte of Buffer.from('0123456789')) t.same(all(lines, Buffer.from([byte])), []);
  t.ok(lines.isWithinLine);
  t.same(all(lines, Buffer.from('\nnext\n')), ['0123456789', 'next']);
  t.notOk(lines.isWithinLine);
});

t.test('the longest line passes, one byte more does not, wherever it is cut', async (t) => {
  t.same(all(new LineSplitter(10), Buffer.from('0123456789\n')), ['0123456789']);
  t.same(all(new LineSplitter(10), Buffer.from('0123456789x\n')), ['too long']);
  for (let cut = 0; cut <= 11; cut++) {
    const lines = new LineSplitter(10);
    const text = Buffer.from('0123456789x');
    const found = [...all(lines, text.subarray(0, cut)), ...all(lines, text.subarray(cut))];
    t.equal(found[0], 'too long');
  }
  t.same(all(new LineSplitter(10), Buffer.from('good\n0123456789x')), ['good', 'too long']);
});
