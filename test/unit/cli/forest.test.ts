import t from 'tap';
import { ASCII, BOX, drawForest, forestOf, MAX_LEVEL } from '../../../src/cli/forest.js';
import { generate } from '../../helpers/generator.js';

t.test('children stand below their parent, in the order they were given', async (t) => {
  const { roots, children } = forestOf([null, 0, 0, 1, null, 2]);
  t.same(roots, [0, 4]);
  t.same(children, [[1, 2], [3], [5], [], [], []]);
  const label = (node: number, level: number): string => `${node}:${level}`;
  t.same(drawForest({ roots, children }, BOX, label), [
    '0:0',
    '├─ 1:1',
    '│  └─ 3:2',
    '└─ 2:1',
    '   └─ 5:2',
    '4:0',
  ]);
  t.same(drawForest({ roots, children }, ASCII, label), [
    '0:0',
    '|- 1:1',
    '|  `- 3:2',
    '`- 2:1',
    '   `- 5:2',
    '4:0',
  ]);
  t.same(drawForest(forestOf([]), BOX, label), []);
});

t.test('a parent that is not there, oneself, and a ring leave nothing out', async (t) => {
  t.same(forestOf([9, -1, 2, 0.5]).roots, [0, 1, 2, 3]);
  const { roots, children } = forestOf([1, 2, 0, 1, 3]);
  t.equal(roots.length, 1, 'the ring is opened at one place');
  const lines = drawForest({ roots, children }, BOX, String);
  t.same(lines.map((line) => line.replace(/[^0-9]/g, '')).sort(), ['0', '1', '2', '3', '4']);
});

t.test('however parents are given, every node is drawn once and below its parent', async (t) => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const bytes = generate(seed * 7919, 64);
    const count = (bytes[0] ?? 0) % 40;
    const parents = Array.from({ length: count }, (_, i) => {
      const byte = bytes[i + 1] ?? 0;
      // Some have none, some one that is not there, most one of the others or themselves.
      return byte < 40 ? null : byte < 60 ? byte + count : byte % count;
    });
    const seen: number[] = [];
    const levels: number[] = [];
    drawForest(forestOf(parents), BOX, (node, level) => {
      const above = seen.findLast((_, at) => levels[at] === level - 1) ?? null;
      if (above !== null) t.equal(parents[node], above, `seed ${seed}: ${node} below its parent`);
      seen.push(node);
      levels.push(level);
      return '';
    });
    const all = Array.from({ length: count }, (_, i) => i);
    if (
      !t.same(
        [...seen].sort((a, b) => a - b),
        all,
        `seed ${seed}: each once`,
      )
    )
      return;
  }
});

t.test('a chain of any length is drawn, and no line grows without limit', async (t) => {
  const parents = Array.from({ length: 50_000 }, (_, i) => (i === 0 ? null : i - 1));
  const lines = drawForest(forestOf(parents), BOX, String);
  t.equal(lines.length, parents.length);
  const longest = lines.reduce((most, line) => Math.max(most, line.length), 0);
  t.ok(longest <= (MAX_LEVEL + 1) * 3 + 5, `${longest} characters`);
});
