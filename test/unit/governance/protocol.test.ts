import t from 'tap';
import { parseMessage } from '../../../src/governance/protocol.js';

const parse = (message: unknown) => parseMessage(Buffer.from(JSON.stringify(message)));
const register = (fields: object) => parse({ v: 1, type: 'register', ...fields });
const declare = (fields: object) => parse({ v: 1, type: 'declare', action: 'llm', ...fields });
const AGENT = 'acme/payments/billing-bot';

t.test('a registration names an agent, and may say what it is called', async (t) => {
  t.same(register({ agent: AGENT }), {
    ok: true,
    message: { type: 'register', agent: AGENT, name: null },
  });
  t.match(register({ agent: AGENT, name: 'Rechnungs-Käfer 7' }), {
    message: { name: 'Rechnungs-Käfer 7' },
  });
  t.match(register({ agent: AGENT, name: null }), { ok: true, message: { name: null } });
});

t.test('what is not said in a declaration is null, and it holds for 30 s', async (t) => {
  t.same(declare({}), {
    ok: true,
    message: {
      type: 'declare',
      declaration: {
        action: 'llm',
        host: null,
        port: null,
        tool: null,
        span: null,
        validForMs: 30_000,
      },
    },
  });
  const all = { host: 'api.openai.com', port: 443, tool: 'search', span: 'a1', valid_for_ms: 1 };
  t.same(declare(all), {
    ok: true,
    message: {
      type: 'declare',
      declaration: {
        action: 'llm',
        host: 'api.openai.com',
        port: 443,
        tool: 'search',
        span: 'a1',
        validForMs: 1,
      },
    },
  });
});

t.test('every action is known, hosts are names or addresses', async (t) => {
  for (const action of ['exec', 'connect', 'llm', 'tool']) t.ok(declare({ action }).ok, action);
  for (const host of ['a', 'api.openai.com.', 'my_host', '127.0.0.1', '2001:db8::1', '::1']) {
    t.ok(declare({ host }).ok, host);
  }
  for (const host of ['', 'a..b', 'a b', 'https://a', 'a:443', '[::1]', '*', 'é.com', '.']) {
    t.match(declare({ host }), { ok: false, error: /^host must be/ }, host);
  }
  t.ok(declare({ host: `${'a.'.repeat(126)}a` }).ok, 'the longest name');
  t.notOk(declare({ host: `${'a.'.repeat(127)}a` }).ok);
  t.notOk(declare({ host: 'a'.repeat(64) }).ok);
});

t.test('numbers have a range, and are no texts', async (t) => {
  for (const port of [1, 65_535]) t.ok(declare({ port }).ok);
  for (const port of [0, -1, 65_536, 1.5, '443', true, [443], 1e300]) {
    t.match(declare({ port }), { ok: false, error: 'port must be an integer from 1 to 65535' });
  }
  t.ok(declare({ valid_for_ms: 3_600_000 }).ok);
  for (const span of [0, 3_600_001, -5, '10', {}]) {
    t.match(declare({ valid_for_ms: span }), { ok: false, error: /^valid_for_ms must be/ });
  }
});

t.test('texts are short and can be shown', async (t) => {
  t.ok(declare({ tool: 'x'.repeat(128) }).ok);
  t.ok(register({ agent: AGENT, name: 'x'.repeat(64) }).ok);
  t.notOk(register({ agent: AGENT, name: 'x'.repeat(65) }).ok);
  const bad = ['', 'x'.repeat(129), 'a\nb', 'a\0b', '\u001b[2J', '\u202egnp', 'a\u200bb', '\ud800'];
  for (const text of [...bad, 7, {}, []]) {
    for (const key of ['tool', 'span']) {
      t.match(declare({ [key]: text }), { ok: false, error: new RegExp(`^${key} must`) });
    }
    t.match(register({ agent: AGENT, name: text }), { ok: false, error: /^name must/ });
  }
});

t.test('an agent has three parts, and nobody is registered as unregistered', async (t) => {
  const bad = [
    undefined,
    null,
    7,
    '',
    'a',
    'a/b',
    'a/b/c/d',
    'a//c',
    'a/b/c\n',
    'a/b/ü',
    'a/b/c d',
  ];
  for (const agent of [...bad, `a/b/${'c'.repeat(65)}`, ['a/b/c']]) {
    t.match(register({ agent }), { ok: false, error: /^agent must be org\/team\/agent/ });
  }
  t.match(register({ agent: 'unregistered/root/codex' }), { ok: false, error: /reserved/ });
});

t.test('what is not a message is refused in words', async (t) => {
  const cases: readonly (readonly [string | Buffer, RegExp])[] = [
    ['', /not JSON/],
    ['{', /not JSON/],
    ['{"v":1}\r{', /not JSON/],
    [Buffer.from([0x22, 0xff, 0x22]), /not JSON in UTF-8/],
    [Buffer.alloc(8192), /not JSON/],
    ['['.repeat(8192), /not JSON/],
    ['null', /not an object/],
    ['[]', /not an object/],
    ['"register"', /not an object/],
    ['{}', /v must be 1/],
    ['{"v":2,"type":"register"}', /v must be 1/],
    ['{"v":"1","type":"register"}', /v must be 1/],
    ['{"v":1}', /type must be one of/],
    ['{"v":1,"type":"stop"}', /type must be one of/],
    ['{"v":1,"type":["register"]}', /type must be one of/],
    ['{"v":1,"type":"__proto__"}', /type must be one of/],
    ['{"v":1,"type":"declare"}', /action must be one of/],
    ['{"v":1,"type":"declare","action":"toString"}', /action must be one of/],
    ['{"v":1,"type":"declare","action":null}', /action must be one of/],
  ];
  for (const [line, error] of cases) {
    t.match(parseMessage(Buffer.from(line)), { ok: false, error }, String(line).slice(0, 40));
  }
});

t.test('a key nobody knows is refused and named, but not at length', async (t) => {
  t.match(declare({ hots: 'x' }), { error: /^"hots" is no key of declare; there are: v, type,/ });
  t.match(declare({ agent: AGENT }), { ok: false }, 'nobody declares for another agent');
  t.match(declare({ process: 1 }), { ok: false }, 'nor for another process');
  t.match(register({ agent: AGENT, pid: 1 }), { ok: false });
  t.match(
    parseMessage(Buffer.from('{"v":1,"type":"declare","action":"llm","__proto__":{"port":1}}')),
    { error: /^"__proto__" is no key/ },
  );
  const long = declare({ [`\u001b${'x'.repeat(5000)}`]: 1 });
  t.ok(!long.ok && long.error.length < 200 && !long.error.includes('\u001b'));
});

t.test('anything at all has an answer', async (t) => {
  const good = Buffer.from(JSON.stringify({ v: 1, type: 'register', agent: AGENT, name: 'n' }));
  for (let at = 0; at < good.length; at++) {
    for (const byte of [0, 0x0d, 0x22, 0x5c, 0x7b, 0x80, 0xff]) {
      const line = Buffer.from(good);
      line[at] = byte;
      t.type(parseMessage(line).ok, 'boolean');
    }
  }
});
