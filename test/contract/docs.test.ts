import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';

const pages = ['.', 'docs', 'docs/decisions', 'bpf', 'native', 'bench', 'packaging', 'clients']
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .filter((path) => path.endsWith('.md'));

t.test('the README is short and shows the two commands', async (t) => {
  const readme = readFileSync('README.md', 'utf8');
  t.ok(readme.split('\n').length < 200);
  t.match(readme, /^scripts\/run --demo$/m);
  t.match(readme, /^scripts\/test$/m);
});

t.test('every rule has a row in docs/detections.md, and every row a rule', async (t) => {
  const [ofAgents = '', ofOurselves = ''] = readFileSync('docs/detections.md', 'utf8').split(
    /^## About ourselves .*$/m,
  );
  const rules = readdirSync('src/bypass/rules')
    .filter((name) => name.endsWith('.ts') && name !== 'index.ts')
    .flatMap((name) => ruleIds(readFileSync(`src/bypass/rules/${name}`, 'utf8')));
  const own = ['src/daemon', 'src/gateway'].flatMap((folder) =>
    readdirSync(folder).flatMap((name) => ownRuleIds(readFileSync(join(folder, name), 'utf8'))),
  );
  t.ok(rules.length > 0 && own.length > 0, 'there are rules');
  t.same(rows(ofAgents), [...new Set(rules)].sort(), 'what agents do');
  t.same(rows(ofOurselves), [...new Set(own)].sort(), 'what we say of ourselves and of nodes');
});

t.test('links between pages lead somewhere', async (t) => {
  t.same(pages.flatMap(brokenLinks), []);
});

t.test('files and commands a page names in backticks exist', async (t) => {
  t.same(pages.filter((page) => page !== 'CHANGELOG.md').flatMap(missingPaths), []);
});

t.test('no page and no source names the directory it was written in', async (t) => {
  const folders = [
    'src',
    'bpf',
    'native',
    'scripts',
    'packaging',
    'test',
    'bench',
    'docs',
    'clients',
  ];
  const files = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const named = [...pages, ...files].filter((path) =>
    readFileSync(path, 'latin1').includes(`${process.cwd()}/`),
  );
  t.same(named, []);
});

/** Each rule has one row in its table; one that has two stands here twice. */
const rows = (tables: string): (string | undefined)[] =>
  [...tables.matchAll(/^\| `([a-z_.]+)`/gm)].map((row) => row[1]).sort();

/** A rule file names its id as a literal: family, dot, name. */
function ruleIds(text: string): string[] {
  const ids =
    /'((?:bypass|agent|lineage|exec|inject|coverage|policy|data|governance|sensor)\.[a-z_]+)'/g;
  return [...text.matchAll(ids)].flatMap((found) => found[1] ?? []);
}

/** What daemon and gateway find about themselves and about nodes stands where they say it. */
function ownRuleIds(text: string): string[] {
  const ids = /(?:[fF]inding|conflict)\((?:who, )?'([a-z]+\.[a-z_]+)'/g;
  return [...text.matchAll(ids)].flatMap((found) => found[1] ?? []);
}

function brokenLinks(page: string): string[] {
  const links = readFileSync(page, 'utf8').matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g);
  return [...links]
    .flatMap((found) => found[1] ?? [])
    .filter((to) => !/^[a-z]+:/.test(to))
    .filter((to) => !existsSync(normalize(join(dirname(page), to))))
    .map((to) => `${page} -> ${to}`);
}

/** Paths such as `src/flow/table.ts` or `scripts/run --demo`, without those that hold a placeholder. */
function missingPaths(page: string): string[] {
  const roots = 'src|bpf|native|proto|scripts|packaging|test|docs|bench';
  const named = readFileSync(page, 'utf8').matchAll(
    new RegExp(`\`((?:${roots})/[\\w./-]+)[^\`]*\``, 'g'),
  );
  return [...named]
    .flatMap((found) => found[1] ?? [])
    .filter((path) => !existsSync(path))
    .map((path) => `${page} names ${path}`);
}
