import t from 'tap';
import { readSources, readText, roomOf, type Import, type Source } from './sources.js';

/**
 * The allowed imports. `rooms`: other rooms, each entered through its index.ts. `packages`: npm packages. `node`:
 * node: modules, or `any`. What is not here is forbidden.
 */
interface Allowed {
  readonly rooms: readonly string[];
  readonly packages?: readonly string[];
  readonly node?: readonly string[] | 'any';
}

const PURE = 'decode process agent flow elf resolve tls stream http bypass'.split(' ');
const WORLDLY =
  'event config kernel host governance record redact journal present telemetry recording readapi tlog signer nats subject publish gateway';
const ROOMS = [...PURE, ...WORLDLY.split(' '), 'pipeline', 'evaluation', 'cli', 'daemon'];

const TABLE: Readonly<Record<string, Allowed>> = {
  event: { rooms: [] },
  config: { rooms: ['event'], packages: ['zod', 'yaml'], node: 'any' },
  kernel: { rooms: ['event'], node: 'any' },
  elf: { rooms: [] },
  resolve: { rooms: ['event', 'elf'] },
  // Which installed programs are interpreters is a question about their names, and process/ has the names.
  host: { rooms: ['event', 'elf', 'process', 'resolve'], node: 'any' },
  // isUtf8 is a question about bytes, not about the world.
  decode: { rooms: ['event'], node: ['node:buffer'] },
  process: { rooms: ['event'] },
  // A session's id is a hash, and node:crypto is where hashes are.
  agent: { rooms: ['event', 'process'], node: ['node:crypto'] },
  // A proxy's CONNECT names the flow's host, and http/ knows how to read a head. A QUIC Initial is sealed with keys that
  // stand in the packet itself, and JA4 is a hash: node:crypto computes both, from bytes to bytes.
  flow: { rooms: ['event', 'http'], node: ['node:crypto'] },
  tls: { rooms: ['event'] },
  stream: { rooms: ['event'] },
  http: { rooms: [] },
  bypass: { rooms: ['event', 'process', 'agent', 'flow', 'http'] },
  pipeline: { rooms: ['event', ...PURE] },
  evaluation: { rooms: ['event', 'pipeline', 'redact'] },
  record: { rooms: [], packages: ['protobufjs'], node: ['node:crypto'] },
  // RFC 6962 and C2SP: hashes and signatures, from bytes to bytes.
  tlog: { rooms: [], node: ['node:crypto'] },
  redact: { rooms: ['event', 'record'] },
  // Of redact/ only the type of what may be stored.
  journal: { rooms: ['record', 'redact', 'tlog'], node: 'any' },
  present: { rooms: ['record'] },
  telemetry: { rooms: ['event'], packages: ['pino'], node: 'any' },
  recording: { rooms: ['event'], node: 'any' },
  // What a local reader may see is in the journal; how it is asked for is nobody else's.
  readapi: { rooms: ['event', 'record', 'journal'], node: 'any' },
  // Who speaks is asked of the kernel by whoever opens the door.
  governance: { rooms: ['event'], node: 'any' },
  signer: { rooms: ['tlog'], node: 'any' },
  nats: { rooms: [], packages: ['nats'], node: 'any' },
  subject: { rooms: ['record'], node: 'any' },
  publish: { rooms: ['event', 'record', 'journal', 'nats', 'tlog', 'subject'], node: 'any' },
  gateway: {
    // Of cli/ how a start is refused, as the daemon does it.
    rooms: 'event record redact journal nats tlog subject signer telemetry config cli'.split(' '),
    node: 'any',
  },
  cli: { rooms: ROOMS.filter((room) => room !== 'kernel'), packages: ['commander'], node: 'any' },
  daemon: { rooms: ROOMS, node: 'any' },
  main: { rooms: ROOMS, node: 'any' },
};

/** One importing place each. */
const OWNERS: Readonly<Record<string, RegExp>> = {
  pino: /^src\/telemetry\/log\.ts$/,
  zod: /^src\/config\//,
};

/** Whose work is writing files. */
const WRITERS =
  /^src\/(journal|recording)\/|^src\/(daemon\/(line-file|lock)|gateway\/small-file|publish\/cursor-file)\.ts$/;
const WRITING =
  /^(write|append|truncate|ftruncate|rename|createWriteStream|copyFile|cp$|link|symlink|mkdtemp)/;

const WORLD =
  /^(Date\.now|new Date\(\)|performance\.|setTimeout|setInterval|setImmediate|queueMicrotask|fetch|Math\.random|console\.|process\.(env|hrtime|uptime|stdout|stderr|stdin|exit|on|nextTick|platform|memoryUsage|emitWarning))/;

const sources = readSources('src');

t.test('every room imports only what the table allows', async (t) => {
  t.same(sources.flatMap(forbiddenImports), []);
});

t.test('the table has a row for every room and for no other', async (t) => {
  t.same([...new Set(sources.map((source) => source.room))].sort(), Object.keys(TABLE).sort());
});

t.test('a room is entered only through its index.ts', async (t) => {
  const door = /^src\/[^/]+(\/index)?\.ts$/;
  const around = sources.flatMap((source) =>
    source.imports
      .filter((found) => crosses(source, found) && !door.test(found.path ?? ''))
      .map((found) => `${source.path} reaches into ${String(found.path)}`),
  );
  t.same(around, []);
});

t.test('the door of a room opens by saying what comes in and what goes out', async (t) => {
  const doors = sources.filter((source) => /^src\/[^/]+\/index\.ts$/.test(source.path));
  t.ok(doors.length > 10);
  t.same(paths(doors.filter((door) => !door.opensWithComment)), []);
});

t.test('no import leads back to where it came from, but for types', async (t) => {
  t.same(cycles(sources), []);
});

t.test('/proc is named only in host/, the addon only in kernel/', async (t) => {
  const outside = (room: string) => sources.filter((source) => source.room !== room);
  const proc = outside('host').filter((s) => s.strings.some((text) => text.includes('/proc')));
  t.same(paths(proc), [], '/proc');
  const addon = /(^|\/)native\/|\/watchfloor\.node$/;
  const names = (s: Source) => [...s.strings, ...s.imports.map((found) => found.from)];
  t.same(paths(outside('kernel').filter((s) => names(s).some((n) => addon.test(n)))), [], 'addon');
});

t.test('pino, zod, process.env and file writes have one place each', async (t) => {
  for (const [name, owner] of Object.entries(OWNERS)) {
    const importing = sources.filter((source) => importsPackage(source, name));
    t.same(paths(importing.filter((source) => !owner.test(source.path))), [], name);
  }
  const env = sources.filter(
    (source) => source.room !== 'config' && uses(source, /^process\.env\b/),
  );
  t.same(paths(env), [], 'process.env');
  t.same(paths(sources.filter((s) => !WRITERS.test(s.path) && writes(s))), [], 'file writes');
});

t.test('pure rooms know no clock, timer, logger or process', async (t) => {
  const pure = sources.filter((source) => [...PURE, 'pipeline', 'tlog'].includes(source.room));
  const worldly = pure.flatMap((source) =>
    [...source.uses].filter((use) => WORLD.test(use)).map((use) => `${source.path}: ${use}`),
  );
  t.same(worldly, []);
});

t.test('these rules see what they are for', async (t) => {
  const stray = (path: string, text: string): Source => ({
    path,
    room: path.split('/')[1] ?? '',
    ...readText(path, text),
  });
  const flow = 'src/flow/x.ts';
  const bad = [
    "import { a } from '../process/index.js';",
    "import fs from 'node:fs';",
    "import pino from 'pino';",
    "export * from '../journal/index.js';",
    "const a = await import('node:net');",
    "type A = import('../kernel/index.js').A;",
  ];
  for (const text of bad) t.equal(forbiddenImports(stray(flow, text)).length, 1, text);
  t.same(forbiddenImports(stray(flow, "import type { Tuple } from '../event/index.js';")), []);
  t.ok(writes(stray(flow, "import { writeFileSync as w } from 'node:fs';")));
  t.ok(
    writes(stray(flow, "import * as fs from 'node:fs/promises'; await fs.appendFile('a', 'b');")),
  );
  t.notOk(writes(stray(flow, "import { readFileSync } from 'node:fs';")));
  t.same(stray(flow, 'const a = `/proc/${pid}/exe`;').strings.length > 0, true);
  t.ok(uses(stray(flow, 'const now = Date.now();'), WORLD));
  t.notOk(uses(stray(flow, 'const d = new Date(5); e.process.pid;'), WORLD));
  const ring = [
    stray('src/a/index.ts', "import '../b/index.js';"),
    stray('src/b/index.ts', "import '../a/index.js';"),
  ];
  t.equal(cycles(ring).length, 1);
});

function crosses(source: Source, found: Import): boolean {
  return found.path?.startsWith('src/') === true && roomOf(found.path) !== source.room;
}

function paths(found: readonly Source[]): string[] {
  return found.map((source) => source.path);
}

function forbiddenImports(source: Source): string[] {
  const allowed = TABLE[source.room] ?? { rooms: [] };
  return source.imports
    .filter((found) => !isAllowed(source, found, allowed))
    .map((found) => `${source.path} imports ${found.from}`);
}

function isAllowed(source: Source, found: Import, allowed: Allowed): boolean {
  if (found.path !== null) {
    // kernel/ is the door to the addon, which lies outside src/.
    if (!found.path.startsWith('src/')) return source.room === 'kernel';
    return !crosses(source, found) || allowed.rooms.includes(roomOf(found.path));
  }
  if (found.from.startsWith('node:')) {
    return allowed.node === 'any' || (allowed.node ?? []).includes(found.from);
  }
  return (allowed.packages ?? []).some((name) => isPackage(found.from, name));
}

function isPackage(from: string, name: string): boolean {
  return from === name || from.startsWith(`${name}/`);
}

function importsPackage(source: Source, name: string): boolean {
  return source.imports.some((found) => isPackage(found.from, name));
}

function uses(source: Source, pattern: RegExp): boolean {
  return [...source.uses].some((use) => pattern.test(use));
}

function writes(source: Source): boolean {
  const fs = source.imports.filter((found) => /^node:fs(\/promises)?$/.test(found.from));
  if (fs.some((found) => found.names.some((name) => WRITING.test(name)))) return true;
  const whole = fs.some((found) => found.names.some((name) => name === '*' || name === 'default'));
  return whole && [...source.uses].some((use) => WRITING.test(use.split('.').at(-1) ?? ''));
}

/** Every file that can reach itself, as the way back. */
function cycles(all: readonly Source[]): string[] {
  const next = new Map(
    all.map((s) => [
      s.path,
      s.imports.flatMap((found) => (found.path === null || found.typeOnly ? [] : [found.path])),
    ]),
  );
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, way: readonly string[]): void => {
    const at = way.indexOf(path);
    if (at >= 0) found.push([...way.slice(at), path].join(' -> '));
    if (at >= 0 || done.has(path)) return;
    for (const to of next.get(path) ?? []) walk(to, [...way, path]);
    done.add(path);
  };
  for (const source of all) walk(source.path, []);
  return found;
}
