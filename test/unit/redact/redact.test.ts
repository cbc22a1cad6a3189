import { readFileSync } from 'node:fs';
import t from 'tap';
import type { AgentInfo, Value } from '../../../src/event/index.js';
import { encodeRecord } from '../../../src/record/index.js';
import { redact } from '../../../src/redact/index.js';
import { PATTERNS } from '../../../src/redact/patterns.js';
import {
  handedOff,
  nested,
  net,
  process,
  stamp,
  valueOf,
  values,
} from '../../fixtures/golden/values.js';

const bytesOf = (value: Value): Buffer =>
  Buffer.from(encodeRecord({ ...redact(value, stamp).body, epoch: 1, seq: 1n }));

const argvOf = (argv: readonly string[]): readonly string[] =>
  redact({ ...valueOf('exec'), process: { ...process, argv } }, stamp).body.process?.argv ?? [];

/** Long enough to be found in the bytes, and no other text of a record. */
const S = 'Zq7hunterXw';
const B64 = 'dXNlcjpwYXNzd29yZC1adnEx';
const JWT = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ${S}In0.${S}-_${S}`;

/** A command line, and what must not be left of it. */
const planted: readonly (readonly [argv: readonly string[], secrets: readonly string[]])[] = [
  [['curl', '-H', `Authorization: Bearer ${S}`], [S]],
  [['curl', `-HAuthorization: Basic ${B64}`], [B64]],
  [['curl', '--header', `Cookie: a=${S}; b=second${S}`], [S]],
  [['curl', `--header=x-api-key: ${S}`], [S]],
  [['curl', '-H', `X-Goog-Signature:${S}`], [S]],
  [['curl', '--proxy-header', `Proxy-Authorization: Basic ${B64}`], [B64]],
  [
    ['curl', '-sSu', `alice:${S}`, 'https://h/'],
    [S, 'alice'],
  ],
  [['curl', `-ualice:${S}`], [S]],
  [['curl', '-u', S], [S]],
  [['curl', '--user', '-sSu', S], [S]],
  [['/usr/bin/curl', '-U', `alice:${S}`, '-b', `sid=${S}`], [S]],
  [['wget', '--user', `alice:${S}`, `--proxy-user=bob:${S}`], [S]],
  [['wget', `--password=${S}`, '--user=alice'], [S]],
  [['tool', '--password', S, '--user', '--token', S], [S]],
  [['tool', '--api-key', S, `--api_key=${S}`, '-apikey', S], [S]],
  [['tool', `--openai-api-key=${S} with blanks ${S}`], [S]],
  [['tool', '--client-secret', `-${S}`], [S]],
  [['env', `OPENAI_API_KEY=${S}`, `DB_PASSWD=${S}`, `GH_TOKEN=${S} ${S}`], [S]],
  [['docker', 'run', '-e', `MY_SECRET=${S}`, `--env=AWS_ACCESS_KEY_ID=${S}`], [S]],
  [['docker', 'run', `-ePASSWORD=${S}`], [S]],
  [['psql', `postgresql://u:${S}@db/x?sslpassword=${S}`], [S]],
  [['git', 'clone', `https://${S}@git.test/a.git`], [S]],
  [['git', 'clone', `https://u:pa/${S}@git.test/a.git`], [S]],
  [['curl', `user:${S}@h.test/x`, `h.test/x?k=1&v=${S}`], [S]],
  [['curl', `https://h.test/p?q=a b&k=${S}#frag${S}`], [S]],
  [['mysql', '-uroot', `-p${S}`], [S]],
  [['sshpass', '-p', S, 'ssh', 'h'], [S]],
  [['redis-cli', '-a', S], [S]],
  [['sh', '-c', `curl -H 'Authorization: Bearer ${S}' https://u:${S}@h/p?q=${S}`], [S]],
  [['sh', '-c', `curl -sH "x-api-key:${S}" -u al:${S} h`], [S]],
  [['bash', '-lc', `API_KEY='${S} ${S}' ./run && DB_PASSWORD="a ${S}" x`], [S]],
  [['bash', '-c', `bash -c "curl -u a:${S} 'https://h/?x=${S}'"`], [S]],
  [['bash', '-c', `sh -c 'sh -c "sh -c \\"tool --password ${S} --token=${S}\\""'`], [S]],
  [['sh', '-c', `cd /x && curl -u ${S} https://h; tool --token ${S}`], [S]],
  [['sh', '-c', `curl -H 'Authorization: Bearer ${S}`], [S]],
  [['ssh', 'h', `mysql --password ${S} -e 'select 1'`], [S]],
  [['python3', '-c', `get(u, headers={'Authorization': 'Bearer ${S}', 'x-api-key': "${S}"})`], [S]],
  [['python3', '-c', `api_key = "${S}"; client(token='${S}', password=f"${S}")`], [S]],
  [['curl', '-d', `{"api_key":"${S} ${S}", "user": {"password" : "${S}"}}`], [S]],
  [['curl', '-d', `{\\"client_secret\\":\\"${S}\\"}`], [S]],
  [['curl', '-d', `a=1&access_token=${S}&b=2`], [S]],
  [['x', `prefix-sk-ant-api03-${S}`, `sk-${S}`, `sk-proj-${S}_${S}`], [S]],
  [['x', 'AKIAIOSFODNN7EXAMPLE', 'ASIAIOSFODNN7EXAMPLE'], ['IOSFODNN7']],
  [['x', `ghp_${S}`, `gho_${S}`, `ghs_${S}`, `ghu_${S}`, `ghr_${S}`, `github_pat_${S}_${S}`], [S]],
  [['x', `xoxb-1-${S}`, `xoxp-${S}`, `xoxa-${S}`, `xoxr-${S}`, `xapp-1-${S}`], [S]],
  [['x', `AIza${S}`, `glpat-${S}`, `npm_${S}`, `hf_${S}`, `gsk_${S}`], [S]],
  [['mysql', `-pMySecretKey${S}`], [S]],
  [['sshpass', `-ppassword${S}`, 'ssh', 'h'], [S]],
  [['curl', '--cert', `c.pem:${S}`], [S]],
  [['aws', 'configure', 'set', 'aws_secret_access_key', S], [S]],
  [['npm', 'config', 'set', '//registry.example/:_authToken', S], [S]],
  [['kubectl', 'create', 'secret', 'generic', 'x', `--from-literal=a=${S}`], [S]],
  [['env', `GITHUB_PAT=${S}`], [S]],
  [['x', `//u:${S}@h/x`, '--pwd', S, `server=h;Pwd=${S};x=1`], [S]],
  [['curl', `https://hooks.slack.com/services/T0/B0/${S}`], [S]],
  [['curl', `https://discord.com/api/webhooks/123456/${S}`], [S]],
  [['curl', `https://api.telegram.org/bot123456789:AA${S}${S}${S}/sendMessage`], [S]],
  [['x', JWT, `Bearer ${S}`], [S]],
  [['x', `password:${S}`, `v=AWS4 Credential=x, Signature=${S}`], [S]],
  [['x', `-----BEGIN RSA PRIVATE KEY-----\n${S}\n-----END RSA PRIVATE KEY-----\nrest`], [S]],
  [['x', `-----BEGIN OPENSSH PRIVATE KEY-----\n${S}`], [S]],
  [['x', `Set-Cookie:sid=${S}; Path=/`, `X-Auth-Token:${S}`], [S]],
  [['x', `KEY${'='.repeat(3)}${S}`, `a=b=KEY=${S}`, `monkey=${S}`], [S]],
];

t.test('no planted secret is left in any argv', async (t) => {
  for (const [argv, secrets] of planted) {
    const bytes = bytesOf({ ...valueOf('exec'), process: { ...process, argv } });
    for (const secret of secrets) {
      t.notOk(bytes.includes(secret), `${JSON.stringify(argv)} -> ${JSON.stringify(argvOf(argv))}`);
    }
  }
});

t.test('nor in any other field that takes text from outside', async (t) => {
  const token = `sk-ant-api03-${S}`;
  const url = `https://u:${S}@h.test/${token}?q=${S}#${S}`;
  const line = `curl -u a:${S} -H 'Authorization: Bearer ${S}' ${url} KEY=${S}`;
  const odd = {
    process: {
      ...process,
      argv: [line],
      exe: `/opt/${token}/x`,
      cwd: `/srv/${url}`,
      chain: [{ pid: 1, exe: `/${token}` }],
      program: `/srv/${url}`,
      container: { id: token, runtime: token, podUid: token, image: url },
    },
    agent: {
      ...{ id: `a/b/${token}`, name: token, session: 's', assurance: 'inferred' },
      under: {
        ...{ parent: { id: `a/b/${token}`, session: 's' }, root: { id: token, session: 's' } },
        ...{ depth: 1, handedOff: false },
      },
    },
    net: { ...net, host: url },
    tls: { library: `/tmp/${token}.so`, sni: `${token}.h.test`, alpn: [token] },
    http: {
      method: token,
      host: `u:p@${token}`,
      path: `/${token}/x?k=${S}`,
      status: 1,
      version: token,
    },
    question: `${token}.evil.test`,
    evidence: [line, url, `sh -c "${line}"`],
    coverage: { state: 'blind', library: token, reason: line },
    sensor: { event: 'program', detail: line, fields: { a: url } },
    finding: { ...valueOf('finding').finding, summary: line, evidence: [line, url], expected: url },
  };
  for (const value of values) {
    const given = Object.fromEntries(Object.entries(odd).filter(([name]) => name in value));
    const kept = value.agent === null ? { ...given, agent: null } : given;
    const bytes = bytesOf({ ...value, ...kept });
    t.notOk(bytes.includes(S), value.kind);
  }
});

t.test('nor when other words come before or behind', async (t) => {
  const fillers = ['-v', '--flag', 'word', 'a=b', '/path/x', "it's", '"', '-c', '--user', ''];
  for (const [argv, secrets] of planted) {
    for (const filler of fillers) {
      for (const mixed of [
        [filler, ...argv],
        [...argv, filler],
      ]) {
        const text = argvOf(mixed).join('\n');
        for (const secret of secrets) t.notOk(text.includes(secret), JSON.stringify(mixed));
      }
    }
  }
});

t.test('what is taken out leaves its kind and its length, and is counted', async (t) => {
  const argv = ['curl', '-u', 'al:pw', '-H', 'Cookie: a=b', 'https://é@h/p?q=1#f', 'A_TOKEN=xyz'];
  const { process: cleaned, redaction } = redact(
    { ...valueOf('exec'), process: { ...process, argv } },
    stamp,
  ).body;
  t.same(cleaned?.argv, [
    ...['curl', '-u', '[user:5]', '-H', 'Cookie: [cookie:3]'],
    'https://[url_userinfo:2]@h/p?[url_query:3]#[url_fragment:1]',
    'A_TOKEN=[token:3]',
  ]);
  const field = 'process.argv';
  t.same(redaction, {
    items: [
      { field, kind: 'user', count: 1 },
      { field, kind: 'cookie', count: 1 },
      { field, kind: 'url_query', count: 1 },
      { field, kind: 'url_fragment', count: 1 },
      { field, kind: 'url_userinfo', count: 1 },
      { field, kind: 'token', count: 1 },
    ],
  });
  t.same(argvOf(argvOf(argv)), argvOf(argv), 'a mark stays itself');
});

t.test('a command line in one argument keeps what is no secret', async (t) => {
  t.same(
    argvOf(['sh', '-c', "curl -H 'Authorization: Bearer xyz' https://u:p@h/p?q=secret | jq ."]),
    [
      ...['sh', '-c'],
      "curl -H 'Authorization: [authorization:10]' https://[url_userinfo:3]@h/p?[url_query:8] | jq .",
    ],
  );
  t.same(argvOf(['sh', '-c', 'tool --token xyz [token:9] # cookie:a']), [
    ...['sh', '-c'],
    'tool --token [token:3] [token:9] # cookie:[cookie:1]',
  ]);
});

t.test('the path of a request loses its query, and an absolute one its userinfo', async (t) => {
  const pathOf = (path: string): unknown => {
    const http = valueOf('http');
    return redact({ ...http, http: { ...http.http, path } }, stamp).body.http?.path;
  };
  t.equal(pathOf('/v1/messages?beta=true'), '/v1/messages');
  t.equal(pathOf('/a#b?c'), '/a');
  t.equal(pathOf('http://u:p@h/x?y'), 'http://[url_userinfo:3]@h/x');
  t.equal(pathOf('*'), '*');
});

t.test('ordinary command lines stay as they are', async (t) => {
  const ordinary = [
    ['python3', '-u', 'agent.py', '--model', 'claude-opus-4', '--max-tokens', '100'],
    ['pip', 'install', '--user', 'requests', '--no-cache-dir'],
    ['git', 'push', '-u', 'origin', 'main'],
    ['git', 'clone', 'git@github.com:acme/x.git'],
    ['docker', 'run', 'nginx:1.27@sha256:abcdef', '-p', '8080:80'],
    ['npm', 'run', 'build', 'npm_config_cache=/tmp', '--', 'sk-learn', 'task-runner'],
    ['ssh', '-p', '22', 'h.test', '--', 'ls', '-la', "it's"],
    ['node', '--require', 'x', 'https://github.com/@scope/pkg', 'http://[::1]:8080/x'],
    ['systemctl', '--user', 'start', 'a.service', '--password-file', '/etc/pw'],
    ['bash', '-c', 'for f in *.ts; do echo "$f: ${f%.ts}"; done'],
  ];
  for (const argv of ordinary) t.same(argvOf(argv), argv);
});

t.test('texts without an end are cut, and a cut command line says so', async (t) => {
  const long = 'x'.repeat(100_000);
  const value = {
    ...valueOf('finding'),
    process: { ...process, argv: Array.from({ length: 5000 }, () => long), cwd: long },
    finding: { ...valueOf('finding').finding, evidence: Array.from({ length: 5000 }, () => long) },
  };
  const { body } = redact(value, stamp);
  t.ok(bytesOf(value).length < 200_000);
  t.equal(body.process?.argvTruncated, true);
  t.equal(body.process?.cwd?.length, 8192);
  const chain = Array.from({ length: 1000 }, () => ({ pid: 1, exe: long }));
  const deep = redact({ ...valueOf('exec'), process: { ...process, chain } }, stamp);
  t.equal(deep.body.process?.chain?.length, 64);
});

t.test(
  'what an interpreter runs is cleaned like exe, and ids of containers are bounded',
  async (t) => {
    const id = `sk-ant-${S}`;
    const container = { id, runtime: id, podUid: id, image: `h/u:${id}` };
    const value = {
      ...valueOf('exec'),
      process: { ...process, program: `/srv/${id}/x`, container },
    };
    const { body } = redact(value, stamp);
    t.match(body.process, {
      program: /^\/srv\/\[token:18\]/,
      container: '[token:18]',
      containerRuntime: '[token:18]',
      podUid: '[token:18]',
      image: 'h/u:[token:18]',
    });
    const fields = body.redaction?.items?.map(({ field }) => field);
    const of = ['program', 'container', 'container_runtime', 'pod_uid', 'image'];
    for (const name of of) t.ok(fields?.includes(`process.${name}`), name);
    const long = 'x'.repeat(100_000);
    const large = { id: long, runtime: long, podUid: long, image: long };
    const cut = redact({ ...value, process: { ...process, container: large } }, stamp).body.process;
    const { container: kept, containerRuntime, podUid, image } = cut ?? {};
    for (const text of [kept, containerRuntime, podUid, image]) t.equal(text?.length, 512);
  },
);

t.test('an agent names those above it, and keeps no secret of theirs', async (t) => {
  const { under } = nested;
  t.ok(under);
  t.strictSame(redact(valueOf('agent'), stamp).body.agent?.under, under);
  t.equal(redact(valueOf('exec'), stamp).body.agent?.under, null, 'nobody started it');
  const parent = { id: `a/b/sk-ant-${S}`, session: 's' };
  const agent = { ...nested, under: { ...handedOff.under, parent, root: parent } };
  const { body } = redact({ ...valueOf('exec'), agent: agent as AgentInfo }, stamp);
  t.same(body.agent?.under?.parent, { id: 'a/b/[token:18]', session: 's' });
  t.equal(body.audit?.parentAgentId, 'a/b/[token:18]');
  t.notOk(bytesOf({ ...valueOf('exec'), agent: agent as AgentInfo }).includes(S));
});

t.test(
  'no pattern can backtrack: an endless quantifier stands last, and none inside another',
  async (t) => {
    const literals = ['argv', 'assignment', 'text', 'url', 'words'].flatMap((name) => {
      const text = readFileSync(`src/redact/${name}.ts`, 'utf8');
      return [
        ...text.matchAll(/(?<=[(= ])\/(?![/*])((?:\\.|\[(?:\\.|[^\]])*\]|[^/\n])+)\/[a-z]*/g),
      ];
    });
    const sources = [
      ...Object.values(PATTERNS).map(({ source }) => source),
      ...literals.map((found) => found[1] ?? ''),
    ];
    t.ok(sources.length > 20, `${sources.length} patterns`);
    for (const source of sources) t.equal(backtracks(source), null, source);
    for (const evil of ['(a+)+b', 'a*b', '(?:a{1,9}){2,}', '[a-z]+=', 'a{3,}$']) {
      t.ok(backtracks(evil), `${evil} would be found`);
    }
  },
);

/** Why a pattern could take more than linear time; null: it cannot. */
function backtracks(source: string): string | null {
  const plain = source.replace(/\\./g, 'x').replace(/\[(?:[^\]])*\]/g, 'x');
  const endless = plain.search(/[*+](?!\?)|\{\d+,\}/);
  const last = /^(?:[*+]|\{\d+,\})[)$]*$/;
  if (
    endless >= 0 &&
    !last.test(plain.slice(endless).replace('$', plain.endsWith('$') ? '!' : ''))
  ) {
    return 'something may fail behind an endless quantifier';
  }
  return /[*+}?]\)(?:[*+]|\{)/.test(plain) ? 'a quantifier inside another' : null;
}

t.test('hostile text of any shape is cleaned, and cleaning it again changes nothing', async (t) => {
  const shapes = [
    '=',
    ':',
    'key=',
    "'",
    '"',
    '\\',
    'http://',
    '@',
    '-----BEGIN ',
    'eyJ',
    'sk-',
    '?a=b#',
  ];
  const mixed = shapes.join('');
  for (const shape of [...shapes, mixed, `${mixed} `, 'a '.repeat(3), '-c ', 'sh -c "']) {
    const text = shape.repeat(Math.ceil(4096 / shape.length));
    const once = argvOf(['sh', '-c', text, text]);
    t.equal(once.length, 4);
    t.ok(
      once.join('').length <= 4 * text.length,
      `${JSON.stringify(shape)} does not grow without end`,
    );
  }
});

t.test(
  'the same value and stamp give the same record, stamped with its time and place',
  async (t) => {
    const exec = valueOf('exec');
    t.ok(bytesOf(exec).equals(bytesOf(exec)));
    t.match(redact(exec, stamp).body, {
      node: 'node-1',
      tenant: 'default',
      bootId: stamp.bootId,
      wallNs: exec.origin.bootNs + stamp.wallOffsetNs,
      bootNs: exec.origin.bootNs,
      origin: { ring: 'lifecycle', cpu: 3, seq: 41n, part: 'exec' },
    });
    t.notOk('redaction' in redact(valueOf('gap'), stamp).body, 'nothing taken out, nothing said');
  },
);
