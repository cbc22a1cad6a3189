import { MAX_CONFIG_BYTES } from '../../src/config/index.js';

/** A configuration nobody may run with. */
export interface BadConfig {
  readonly text: string | Uint8Array;
  /** Where the first mistake is, `line:column`; null where it is the file as a whole that is wrong. */
  readonly at: string | null;
  /** What is said of it. */
  readonly says: string;
  /** Permissions of the file, when they are what is wrong. */
  readonly mode?: number;
}

const bad = (at: string | null, says: string, text: string | Uint8Array): BadConfig => ({
  text,
  at,
  says,
});
const rule = (match: string): string => `agents: { rules: [{ id: a/b/c, match: ${match} }] }`;

const UNKNOWN: readonly BadConfig[] = [
  bad('1:1', 'did you mean "agents"', 'agnets: {}'),
  bad('1:1', 'did you mean "state_dir"', 'statedir: /x'),
  bad('2:3', 'did you mean "level"', 'capture:\n  levl: metadata'),
  bad('1:10', 'known here: syscalls', 'guard: { zzzzzzzzz: 1 }'),
  bad('1:1', '__proto__: unknown key', '__proto__: { a: 1 }'),
  bad('1:1', 'constructor: unknown key', 'constructor: { a: 1 }'),
  bad('1:51', 'did you mean "argv"', rule('{ exe: [x], arg: [y] }')),
  bad('1:12', 'unknown key', 'publish: { kafka: {} }'),
];

const TYPES: readonly BadConfig[] = [
  bad('1:8', 'expected a mapping, found a number', 'guard: 3'),
  bad('1:7', 'expected a mapping, found nothing', 'guard:'),
  bad('1:1', 'expected a mapping, found a list', '- 1'),
  bad('1:1', 'expected a mapping, found a text', 'only a text'),
  bad('1:20', 'expected true or false', 'guard: { syscalls: yes }'),
  bad('1:18', 'expected a list', 'agents: { rules: {} }'),
  bad('1:46', 'expected a list, found a text', rule('{ exe: x }')),
  bad('1:12', 'expected a text, found a number', 'state_dir: 7'),
  bad('1:18', 'expected a list', 'policy: { files: /x }'),
  bad('1:23', 'expected a number', 'journal: { max_bytes: "many" }'),
];

const VALUES: readonly BadConfig[] = [
  bad('1:19', 'expected one of metadata', 'capture: { level: full }'),
  bad('2:21', 'did you mean "required"', 'governance:\n  default: { proxy: requird }'),
  bad('1:26', 'must be at least 100', 'governance: { window_ms: 5 }'),
  bad('1:26', 'must be at most 60000', 'governance: { window_ms: 99999999 }'),
  bad('1:12', 'must be an absolute path', 'state_dir: relative'),
  bad('1:12', 'holds a control character', 'state_dir: "/a\\0b"'),
  bad('1:10', 'holds a control character', 'run_dir: "/a\\eb"'),
  bad('1:10', 'is longer than', `run_dir: /${'x'.repeat(200)}`),
  bad('1:15', 'must be auto or up to 64', 'node: { name: "a b" }'),
  bad('1:17', 'must be up to 64', 'node: { tenant: a.b }'),
  bad('1:34', 'must be a power of two', 'sensor: { ring_bytes: { payload: 65537 } }'),
  bad('1:34', 'must be at least 65536', 'sensor: { ring_bytes: { network: 4096 } }'),
  bad('1:23', 'must be at least', 'journal: { max_bytes: 1 }'),
  bad('1:35', 'must be address:port', 'governance: { proxies: [{ listen: "localhost:80" }] }'),
  bad('1:35', 'must be address:port', 'governance: { proxies: [{ listen: "127.0.0.1:70000" }] }'),
  bad('1:35', 'is none of: loopback', 'governance: { default: { exempt: ["10.0.0.0/33"] } }'),
  bad('1:35', 'is none of: loopback', 'governance: { default: { exempt: ["0"] } }'),
  bad('1:30', 'must be nats://host:port', 'publish: { nats: { servers: ["nats://u:p@host"] } }'),
  bad('1:25', 'a verifier key', 'publish: { gateway_key: none }'),
  bad('1:19', 'index must be less than of', 'gateway: { shard: { index: 2, of: 2 } }'),
];

const RULES: readonly BadConfig[] = [
  bad('1:39', 'needs at least one of', rule('{}')),
  bad('1:39', 'needs at least one of', rule('{ env: {} }')),
  bad('1:46', 'needs at least one glob', rule('{ exe: [], argv: [x] }')),
  bad('1:47', 'is longer than 1024', rule(`{ exe: ["${'*a'.repeat(600)}"] }`)),
  bad('1:46', 'has more than 64 entries', rule(`{ exe: [${'"(a+)+$", '.repeat(65)}] }`)),
  bad('1:48', 'is not the name of a variable', rule('{ env: { "1x": a } }')),
  bad('1:25', 'must be org/team/agent', 'agents: { rules: [{ id: a/b, match: { exe: [x] } }] }'),
  bad('1:25', 'reserved', 'agents: { rules: [{ id: unregistered/b/c, match: { exe: [x] } }] }'),
  bad('1:19', 'match', 'agents: { rules: [{ id: a/b/c }] }'),
  bad(
    '3:9',
    'is given twice',
    'agents: { rules: [\n  { id: a/b/c, match: { exe: [x] } },\n  { id: a/b/c, match: { exe: [y] } }] }',
  ),
  bad(
    '1:18',
    'has more than 256 rules',
    `agents: { rules: [${Array.from({ length: 257 }, (_, i) => `{ id: a/b/c${i}, match: { exe: [x] } }`).join(', ')}] }`,
  ),
];

const SYNTAX: readonly BadConfig[] = [
  bad('1:9', 'sufficiently indented', 'guard: ['),
  bad('2:1', 'unique', 'a: 1\na: 2'),
  bad('2:4', 'aliases are not supported', 'a: &x 1\nb: *x'),
  bad('1:4', 'Unresolved tag', 'x: !!js/function y'),
  bad('1:4', 'Nested mappings', 'a: b: c'),
  bad('1:1', 'Tabs are not allowed', '\tx: 1'),
  bad('3:1', 'multiple documents', '--- \n{}\n---\n{}'),
  bad('1:17', 'Missing closing', 'a: "never closed'),
  bad(null, 'nested deeper than 32', '['.repeat(500_000)),
  bad(null, 'nested deeper than 32', '{a: '.repeat(1000)),
  bad(null, 'nested deeper than 32', '- '.repeat(5000)),
];

const FILES: readonly BadConfig[] = [
  bad(null, 'is larger than', '#'.repeat(MAX_CONFIG_BYTES + 1)),
  bad(null, 'is not valid UTF-8', Uint8Array.of(0x61, 0x3a, 0x20, 0xff)),
  { ...bad(null, 'is writable by everybody', '{}'), mode: 0o646 },
];

export const BAD_CONFIGS: readonly BadConfig[] = [
  ...UNKNOWN,
  ...TYPES,
  ...VALUES,
  ...RULES,
  ...SYNTAX,
  ...FILES,
];
