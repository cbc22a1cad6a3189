import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import {
  ConfigError,
  effectiveYaml,
  loadConfig,
  MAX_CONFIG_BYTES,
  nodeName,
  parseConfig,
  pipelineSettings,
  readEnvironment,
} from '../../../src/config/index.js';

const problemsOf = (text: string): string[] => {
  try {
    parseConfig(text, 'c.yaml');
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n');
  }
};

t.test('an empty file is valid and every key has its default', async (t) => {
  for (const text of ['', '\n', '# nothing\n', '---\n', '{}']) {
    const config = parseConfig(text, 'c.yaml');
    t.equal(config.state_dir, '/var/lib/watchfloor');
    t.same(config.governance.default, { proxy: 'none', sdk: 'none', exempt: ['loopback', 'dns'] });
  }
});

t.test('what config show prints is itself the same configuration', async (t) => {
  const config = parseConfig('governance: { window_ms: 500 }', 'c.yaml');
  t.same(parseConfig(effectiveYaml(config), 'shown.yaml'), config);
});

t.test('each mistake is named with its line, its key and what is wrong', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['agnets: {}', 'c.yaml:1:1: agnets: unknown key; did you mean "agents"?'],
    ['capture: { level: full }', 'c.yaml:1:19: capture.level: expected one of metadata'],
    ['capture:\n  levl: full', 'c.yaml:2:3: capture.levl: unknown key; did you mean "level"?'],
    [
      'agents:\n  rules:\n    - id: a/b/c\n      match: { exe: [x] }\n      governence: {}',
      'c.yaml:5:7: agents.rules[0].governence: unknown key; did you mean "governance"?',
    ],
    ['guard: { zzzzzzzzz: 1 }', 'c.yaml:1:10: guard.zzzzzzzzz: unknown key; known here: syscalls'],
    ['guard: 3', 'c.yaml:1:8: guard: expected a mapping, found a number'],
    ['guard:', 'c.yaml:1:7: guard: expected a mapping, found nothing'],
    [
      'guard: { syscalls: yes }',
      'c.yaml:1:20: guard.syscalls: expected true or false, found a text',
    ],
    [
      'governance:\n  default: { proxy: requird }',
      'c.yaml:2:21: governance.default.proxy: expected one of required, optional, none; did you mean "required"?',
    ],
    ['governance: { window_ms: 5 }', 'c.yaml:1:26: governance.window_ms: must be at least 100'],
    ['state_dir: relative', 'c.yaml:1:12: state_dir: must be an absolute path'],
    [`run_dir: /${'x'.repeat(91)}`, /run_dir: is longer than 91 bytes/],
    ['node: { name: "a b" }', /node\.name: must be auto or up to 64/],
    ['agents: { rules: [{ id: a/b/c }] }', /agents\.rules\[0\]\.match: .*missing/],
    ['agents: { rules: [{ id: a/b, match: { exe: [x] } }] }', /must be org\/team\/agent/],
    ['agents: { rules: [{ id: unregistered/b/c, match: { exe: [x] } }] }', /reserved/],
    ['agents: { rules: [{ id: a/b/c, match: {} }] }', /needs at least one of/],
    ['agents: { rules: [{ id: a/b/c, match: { env: {} } }] }', /needs at least one of/],
    ['agents: { rules: [{ id: a/b/c, match: { exe: x } }] }', /exe: expected a list, found a text/],
    ['agents: { rules: [{ id: a/b/c, match: { exe: [] } }] }', /needs at least one glob/],
    ['agents: { rules: [{ id: a/b/c, match: { env: { "1x": a } } }] }', /1x: is not the name of/],
    ['agents: { rules: [{ id: a/b/c, match: { file: ["8:42"] } }] }', /file\[0\]: must be major:/],
    ['agents: { rules: [{ id: a/b/c, match: { file: [] } }] }', /file: needs at least one file/],
    [
      'agents: { rules: [{ id: a/b/c, match: { sha256: [AB] } }] }',
      /sha256\[0\]: must be 64 lower/,
    ],
    ['agents: { rules: [{ id: a/b/c, match: { sha256: [] } }] }', /sha256: needs at least one/],
    [
      'agents: { rules: [{ id: a/b/c, match: { build_id: [xyz] } }] }',
      /build_id\[0\]: must be lower/,
    ],
    [
      'agents: { rules: [{ id: a/b/c, match: { buildid: [cafe0123] } }] }',
      /buildid: unknown key; did you mean "build_id"\?/,
    ],
    [
      'agents: { inference: maybe }',
      'c.yaml:1:22: agents.inference: expected true or false, found a text',
    ],
    ['agents: { inferrence: true }', /unknown key; did you mean "inference"\?/],
    ['sensor: { max_processes: 1023 }', /sensor\.max_processes: must be at least 1024/],
    ['sensor: { max_processes: 1048577 }', /sensor\.max_processes: must be at most 1048576/],
    [
      'agents: { rules: [{ id: a/b/c, match: { exe: [x] } }, { id: a/b/c, match: { exe: [y] } }] }',
      /rules\[1\]\.id: "a\/b\/c" is given twice/,
    ],
    ['governance: { proxies: [{ listen: "localhost:80" }] }', /must be address:port/],
    ['governance: { proxies: [{ listen: "::1:80" }] }', /must be address:port/],
    ['governance: { proxies: [{ listen: "127.0.0.1:70000" }] }', /must be address:port/],
    ['governance: { default: { exempt: ["10.0.0.0/33"] } }', /is none of: loopback, dns/],
    ['governance: { default: { exempt: ["0"] } }', /is none of/],
    ['sensor: { ring_bytes: { payload: 65537 } }', /must be a power of two/],
    ['state_dir: "/a\\0b"', /state_dir: holds a control character/],
    ['run_dir: "/a\\eb"', /run_dir: holds a control character/],
    ['governance: { default: { exempt: [99999] } }', /is none of: loopback, dns/],
    ['governance: { default: { exempt: [10.5] } }', /expected a text, found a number/],
    ['a: 1\na: 2', /Map keys must be unique/],
    ['a: &x 1\nb: *x', 'c.yaml:2:4: aliases are not supported: write the value out'],
    ['x: !!js/function y', /Unresolved tag/],
    ['- 1', 'c.yaml:1:1: expected a mapping, found a list'],
    ['a: b: c', /Nested mappings/],
    ['\tx: 1', /Tabs are not allowed/],
    ['--- \n{}\n---\n{}', /multiple documents/],
    ['__proto__: { a: 1 }', /__proto__: unknown key/],
    ['a: "\u0000', /c\.yaml:1/],
  ].map(([text, wanted]) => [text, wanted] as unknown as readonly [string, string]);
  for (const [text, wanted] of cases) {
    const found = problemsOf(text);
    t.ok(found.length > 0, `refused: ${text}`);
    if (typeof wanted === 'string')
      t.ok(found.includes(wanted), `${wanted} in ${found.join(' | ')}`);
    else t.match(found.join('\n'), wanted);
  }
});

t.test(
  'all mistakes come at once, in the order of the file, and not more than can be read',
  async (t) => {
    const found = problemsOf('zzz: 1\ncapture: { level: x }\nstate_dir: y\n');
    t.same(
      found.map((line) => line.split(' ')[0]),
      ['c.yaml:1:1:', 'c.yaml:2:19:', 'c.yaml:3:12:'],
    );
    const many = problemsOf(Array.from({ length: 300 }, (_, i) => `k${i}: 1`).join('\n'));
    t.equal(many.length, 101);
    t.equal(many.at(-1), 'c.yaml: and 200 more');
  },
);

t.test('nesting by the thousand is refused before it is parsed', async (t) => {
  const bombs = [
    '['.repeat(500_000),
    '{a: '.repeat(1000),
    '- '.repeat(5000),
    '[\n'.repeat(100_000),
  ];
  for (const text of bombs) t.same(problemsOf(text), ['c.yaml: is nested deeper than 32 levels']);
  const steps = Array.from({ length: 1400 }, (_, i) => `${' '.repeat(i)}k:`).join('\n');
  t.ok(problemsOf(steps).length > 0, 'a staircase of keys');
});

t.test('a file nobody should trust is not read', async (t) => {
  const dir = t.testdir({ 'ok.yaml': 'node: { tenant: x }', 'bad.yaml': 'guard: [' });
  const at = (name: string): string => join(dir, name);
  const refusal = (name: string): string => {
    try {
      loadConfig({ config: at(name) });
      return 'taken';
    } catch (error) {
      return error instanceof ConfigError ? `${error.message} / ${error.remedy}` : String(error);
    }
  };
  chmodSync(at('ok.yaml'), 0o644);
  t.equal(loadConfig({ config: at('ok.yaml') }).config.node.tenant, 'x');
  t.match(refusal('none.yaml'), /no such file \/ create it/);
  t.match(refusal('bad.yaml'), /bad\.yaml:1:/);
  mkdirSync(at('dir.yaml'));
  t.match(refusal('dir.yaml'), /is not a regular file/);
  execFileSync('mkfifo', [at('fifo.yaml')]);
  t.match(refusal('fifo.yaml'), /is not a regular file/);
  chmodSync(at('ok.yaml'), 0o646);
  t.match(refusal('ok.yaml'), /writable by everybody \/ run: chmod o-w/);
  writeFileSync(at('large.yaml'), '#'.repeat(MAX_CONFIG_BYTES + 1));
  t.match(refusal('large.yaml'), /larger than/);
  writeFileSync(at('latin.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xff]));
  t.match(refusal('latin.yaml'), /not valid UTF-8/);
});

t.test(
  'as root a file others may write is refused',
  { skip: process.geteuid?.() !== 0 && 'needs root' },
  async (t) => {
    const dir = t.testdir({ 'c.yaml': '' });
    const file = join(dir, 'c.yaml');
    chmodSync(file, 0o640);
    chownSync(file, 65534, 0);
    t.throws(() => loadConfig({ config: file }), /belongs to uid 65534/);
    chownSync(file, 0, 65534);
    t.ok(loadConfig({ config: file }));
    chmodSync(file, 0o660);
    t.throws(() => loadConfig({ config: file }), /writable by group 65534/);
  },
);

t.test('the command line goes before the file', async (t) => {
  const dir = t.testdir({ 'c.yaml': 'state_dir: /a\nrun_dir: /b' });
  const config = join(dir, 'c.yaml');
  chmodSync(config, 0o644);
  t.throws(() => loadConfig({ config, runDir: `/${'x'.repeat(100)}` }), /longer than 91 bytes/);
  t.match(loadConfig({ config, stateDir: '/x' }).config, { state_dir: '/x', run_dir: '/b' });
});

t.test(
  'the pipeline gets its settings with rules, their governance and the model hosts',
  async (t) => {
    const text = `
governance: { default: { proxy: required }, model_hosts: [llm.corp] }
agents:
  rules:
    - { id: a/b/c, match: { exe: ["*/bot"] } }
    - { id: a/b/d, match: { argv: ["* -m bot"] }, governance: { sdk: required } }
    - { id: a/b/e, match: { argv: ["* -m bot"] }, governance: { proxy: none, exempt: [5432] } }`;
    const settings = pipelineSettings(parseConfig(text, 'c'), 'boot', 'host name!');
    t.equal(settings.node, 'host-name-');
    t.same(
      settings.rules.map(({ governance }) => governance),
      [
        { proxy: 'required', sdk: 'none', exempt: ['loopback', 'dns'] },
        { proxy: 'required', sdk: 'required', exempt: ['loopback', 'dns'] },
        { proxy: 'none', sdk: 'none', exempt: ['5432'] },
      ],
    );
    t.same(settings.rules[0]?.match, { exe: ['*/bot'] }, 'what is not given is not there');
    t.equal(settings.inference, true);
    t.ok(settings.modelHosts.includes('api.anthropic.com'));
    t.ok(settings.modelHosts.includes('llm.corp'));
    t.equal(nodeName('auto', ''), 'localhost');
    t.equal(nodeName('n1', 'other'), 'n1');
  },
);

t.test('a rule may name a file by what it is and what it holds', async (t) => {
  const sum = 'ab'.repeat(32);
  const text = `
agents:
  inference: false
  rules:
    - { id: a/b/c, match: { file: ["259:3:77"], sha256: [${sum}], build_id: [cafe0123] } }
    - { id: a/b/d, match: { sha256: ["${'1'.repeat(64)}"] } }`;
  const config = parseConfig(text, 'c');
  const settings = pipelineSettings(config, 'boot', 'node');
  t.equal(settings.inference, false);
  t.strictSame(settings.rules[0]?.match, {
    ...{ file: ['259:3:77'], sha256: [sum], build_id: ['cafe0123'] },
  });
  t.equal(config.sensor.max_processes, 65_536);
  t.same(parseConfig(effectiveYaml(config), 'shown'), config, 'shown, and read again');
});

t.test('of the environment only what is ours to know is read', async (t) => {
  t.same(readEnvironment({}), { watchdogUsec: null, noColor: false, utf8: false, hostile: [] });
  const env = {
    WATCHDOG_USEC: '5000000',
    NO_COLOR: '1',
    LD_PRELOAD: 'x.so',
    NODE_OPTIONS: '--inspect',
    LANG: 'de_DE.UTF-8',
  };
  t.same(readEnvironment(env), {
    watchdogUsec: 5_000_000,
    noColor: true,
    utf8: true,
    hostile: ['NODE_OPTIONS', 'LD_PRELOAD'],
  });
  t.equal(
    readEnvironment({ WATCHDOG_USEC: '5', WATCHDOG_PID: '1' }).watchdogUsec,
    null,
    "another's",
  );
  t.equal(readEnvironment({ WATCHDOG_USEC: 'x' }).watchdogUsec, null);
  t.equal(readEnvironment({ LC_ALL: 'C', LANG: 'C.UTF-8' }).utf8, false, 'LC_ALL decides');
  t.equal(readEnvironment({ LC_ALL: '', LC_CTYPE: 'C.utf8', LANG: 'C' }).utf8, true);
});
