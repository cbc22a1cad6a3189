import t from 'tap';
import { globMatches, isLiteral } from '../../../src/event/index.js';

t.test('a glob matches the whole text', (t) => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['*', 'a/b\n', true],
    ['a', 'a', true],
    ['a', 'ab', false],
    ['?', '', false],
    ['a?c', 'abc', true],
    ['*/claude', '/opt/claude', true],
    ['*/claude', '/opt/claude2', false],
    ['*/@x/y*/z', '/n/@x/y-1.2/bin/z', true],
    ['a*b*c', 'a--b--bc', true],
    ['a*b*c', 'a--c--b', false],
    ['**', 'x', true],
    ['[a].+', '[a].+', true],
    ['[a].+', 'a..', false],
  ];
  for (const [pattern, text, matches] of cases) {
    t.equal(globMatches(pattern, text), matches, `${pattern} on ${text}`);
  }
  t.end();
});

t.test('a hostile pattern and text cost at most their product', (t) => {
  const text = 'a'.repeat(4096);
  let comparisons = 0;
  const counted = new Proxy(new String(text), {
    get(target, name) {
      if (typeof name === 'string' && /^\d+$/.test(name)) comparisons += 1;
      return Reflect.get(target, name) as unknown;
    },
  }) as unknown as string;
  t.equal(globMatches('*a'.repeat(20) + 'b', counted), false);
  t.ok(comparisons <= 41 * 4096 * 2, `${comparisons} comparisons`);
  t.end();
});

t.test('a literal has no wildcard', (t) => {
  t.equal(isLiteral('claude.exe'), true);
  t.equal(isLiteral('python3*'), false);
  t.equal(isLiteral('v?'), false);
  t.end();
});
