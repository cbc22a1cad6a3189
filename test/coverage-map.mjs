import { existsSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * Which sources a test file may cover: test/unit/a/b.test.ts covers src/a/b.ts, and those files of the room src/a that
 * have no test of their own. So a room is covered by its own tests or not at all; other suites cover nothing.
 */
export default function coverageMap(test) {
  const [, room, name] = /(?:^|\/)test\/unit\/([^/]+)(?:\/(.+))?\.test\.ts$/.exec(test) ?? [];
  if (room === undefined) return null;
  if (name === undefined) return existing([`src/${room}.ts`]);
  const own = `src/${room}/${name}.ts`;
  return existing([own, ...sourcesOf(room).filter((source) => source !== own && !hasTest(source))]);
}

function existing(paths) {
  const found = paths.filter((path) => existsSync(path));
  return found.length === 0 ? null : found;
}

/** A room is a folder, and for some the file of that name beside it. */
function sourcesOf(room) {
  if (!existsSync(`src/${room}`)) return [];
  const inside = readdirSync(`src/${room}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !basename(name).includes('.gen.'))
    .map((name) => `src/${room}/${name}`);
  return [...inside, `src/${room}.ts`];
}

function hasTest(source) {
  return existsSync(source.replace(/^src\//, 'test/unit/').replace(/\.ts$/, '.test.ts'));
}
