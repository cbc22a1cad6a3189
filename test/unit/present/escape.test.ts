import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import type { AgentInfo, AgentLink, NetInfo, Value } from '../../../src/event/index.js';
import { escapeText, quoteText, toJson, toPretty } from '../../../src/present/index.js';
import { decodeRecord, encodeRecord } from '../../../src/record/index.js';
import type { StoredRecord } from '../../../src/record/index.js';
import { redact } from '../../../src/redact/index.js';
import {
  agent,
  handedOff,
  nested,
  net,
  process,
  stamp,
  valueOf,
  values,
} from '../../fixtures/golden/values.js';

const recordOf = (value: Value): StoredRecord => {
  const bytes = encodeRecord({ ...redact(value, stamp).body, epoch: 1, seq: 7n });
  const decoded = decodeRecord(bytes);
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.record;
};

/** Ranges that must never come out, written down apart from how escapeText says it. */
const FORBIDDEN_RANGES: readonly (readonly [number, number])[] = [
  ...[
    [0, 0x1f],
    [0x7f, 0xa0],
    [0xad, 0xad],
    [0x34f, 0x34f],
    [0x61c, 0x61c],
    [0x115f, 0x1160],
  ],
  ...[
    [0x17b4, 0x17b5],
    [0x180b, 0x180f],
    [0x2000, 0x200f],
    [0x2028, 0x202f],
    [0x205f, 0x206f],
  ],
  ...[
    [0x2800, 0x2800],
    [0x3000, 0x3000],
    [0x3164, 0x3164],
    [0xd800, 0xf8ff],
    [0xfe00, 0xfe0f],
  ],
  ...[
    [0xfeff, 0xfeff],
    [0xffa0, 0xffa0],
    [0xfff0, 0xfffb],
    [0xfffe, 0xffff],
  ],
  ...[
    [0x1bca0, 0x1bca3],
    [0xe0000, 0xe0fff],
    [0xf0000, 0x10ffff],
  ],
] as [number, number][];

const forbidden = new Set(
  FORBIDDEN_RANGES.flatMap(([from, to]) =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index),
  ),
);

const isSafe = (text: string): boolean =>
  Array.from(text).every((character) => !forbidden.has(character.codePointAt(0) ?? 0));

const ESC = '\u001b';
const hostile = [
  `${ESC}]52;c;ZXZpbA==\u0007`,
  `${ESC}]8;;http://evil\u0007click${ESC}]8;;\u0007`,
  `${ESC}]0;title\u0007${ESC}P1$r${ESC}\\${ESC}[2J${ESC}[1A`,
  '\u009b31m\u0090\u009d',
  'user\u202egnp.exe\u2066\u2069\u200b\u200d\ufeff',
  'a\nb\rc\u2028d\u2029e\u0085f\u0000g\u007fh\u0008',
  '\u{e0041}\u{e007f}\u{e0100}\u3164\u2800\u00ad',
  '\ud800 lone \udfff',
];

t.test('what a terminal must not get is shown, not sent and not dropped', async (t) => {
  t.equal(escapeText(`a${ESC}[31mb\n\u009b\u202e`), 'a\\x1b[31mb\\x0a\\x9b\\u{202e}');
  t.equal(escapeText('C:\\x1b'), 'C:\\\\x1b', 'so it never looks like the real thing');
  t.equal(escapeText('naïve 漢字 مرحبا 😀 – “x” €'), 'naïve 漢字 مرحبا 😀 – “x” €');
  t.equal(escapeText('\ud800'), '\\u{d800}');
});

t.test('no code point gets through that should not, and no two texts look the same', async (t) => {
  const seen = new Map<string, number>();
  let bad = 0;
  for (let code = 0; code <= 0x10_ffff; code += 1) {
    const escaped = escapeText(String.fromCodePoint(code));
    if (!isSafe(escaped) || seen.has(escaped) || escaped === '') bad += 1;
    seen.set(escaped, code);
  }
  t.equal(bad, 0);
});

const link = (text: string): AgentLink => ({ id: text, session: text });

t.test(
  'a nested agent stands before the one that started it, and no name makes one up',
  async (t) => {
    const lineOf = (agent: AgentInfo): string =>
      toPretty(recordOf({ ...valueOf('exit'), agent }), { color: false });
    t.match(lineOf(nested), / curl\[270\] demo\/bots\/curl < acme\/ops\/worker {2}signal 9$/);
    t.match(lineOf(handedOff), / demo\/bots\/curl < acme\/ops\/planner \(suspected\) {2}signal 9$/);
    t.match(lineOf({ ...agent, id: 'a/b/c < d/e/f' }), / 'a\/b\/c < d\/e\/f' {2}signal 9$/);
    t.match(lineOf({ ...agent, id: "a/b/c' < 'd/e/f" }), / 'a\/b\/c\\' < \\'d\/e\/f' {2}signal 9$/);
    t.match(lineOf({ ...agent, id: 'a/b/c<d' }), / 'a\/b\/c<d' {2}signal 9$/);
    t.equal(quoteText(''), "''");
    t.equal(quoteText('x'.repeat(1000)).length, 120);
  },
);

t.test(
  'neither line of any record carries a control character, wherever it was planted',
  async (t) => {
    const validate = new Ajv2020({ strictTypes: false }).compile(
      JSON.parse(readFileSync('docs/schema/record.schema.json', 'utf8')) as object,
    );
    for (const evil of hostile) {
      const odd = {
        process: {
          ...{ ...process, exe: `/x/${evil}`, cwd: evil, argv: [evil, evil], program: evil },
          container: { id: evil, runtime: evil, podUid: evil, image: evil },
        },
        agent: {
          ...{ ...agent, id: evil, name: evil, session: evil },
          under: { parent: link(evil), root: link(evil), depth: 1, handedOff: true },
        },
        net: { ...net, host: evil, srcIp: evil, dstIp: evil, error: evil },
        tls: { library: evil, sni: evil, alpn: [evil] },
        http: { method: evil, host: evil, path: evil, status: 0, version: evil },
        question: evil,
        evidence: [evil],
        coverage: { state: 'blind', library: evil, reason: evil },
        sensor: { event: evil, detail: evil, fields: { [evil]: evil } },
        finding: { rule: evil, summary: evil, evidence: [evil], expected: evil, waitedMs: 1 },
      };
      for (const value of values) {
        const given = Object.fromEntries(Object.entries(odd).filter(([name]) => name in value));
        const record = recordOf({ ...value, ...given, agent: value.agent && odd.agent });
        const json = toJson(record);
        const pretty = toPretty(record, { color: false });
        t.ok(isSafe(json), `json of ${value.kind}`);
        t.ok(isSafe(pretty), `pretty of ${value.kind}`);
        t.ok(pretty.length < 4000, 'and is no page');
        t.ok(validate(JSON.parse(json)), `${value.kind}: ${JSON.stringify(validate.errors)}`);
        JSON.parse(json, (_, text: unknown) => {
          if (typeof text === 'string' && !isSafe(text)) t.fail(`jq -r of ${value.kind}`);
          return text;
        });
      }
    }
  },
);

t.test(
  'a line for people has colours only when asked, and its texts never bring their own',
  async (t) => {
    const record = recordOf(valueOf('finding'));
    t.notOk(toPretty(record, { color: false }).includes(ESC));
    const colored = toPretty(record, { color: true });
    t.match(colored, `${ESC}[1;31mHIGH bypass.direct_egress${ESC}[0m`);
    t.equal(
      colored.replaceAll(new RegExp(`${ESC}\\[[0-9;]*m`, 'g'), ''),
      toPretty(record, { color: false }),
    );
    for (const severity of ['low', 'medium', 'high', 'critical'] as const) {
      const line = toPretty(recordOf({ ...valueOf('finding'), severity }), { color: false });
      t.match(line, ` ${severity.toUpperCase()} bypass.direct_egress `);
    }
    t.match(toPretty(recordOf(valueOf('exec')), { color: true }), `${ESC}[2mexec${ESC}[0m`);
  },
);

t.test('lines say what is not known as not known', async (t) => {
  const nameless: NetInfo = {
    proto: 'tcp',
    family: 'ipv6',
    srcIp: '',
    srcPort: 0,
    dstIp: '2001:db8::1',
    dstPort: 443,
  };
  const flow = recordOf({ ...valueOf('flow'), net: nameless });
  t.match(JSON.parse(toJson(flow)), { net: { src_ip: null, host: null, host_source: null } });
  t.match(toPretty(flow, { color: false }), '-> [2001:db8::1]:443');
  const http = valueOf('http');
  const silent = recordOf({ ...http, http: { ...http.http, status: 0 }, net: null, tls: null });
  t.match(JSON.parse(toJson(silent)), { http: { status: null } });
  t.match(toPretty(silent, { color: false }), 'POST /v1/messages -');
  const { first, last, ...gap } = valueOf('gap').gap;
  t.ok(first !== undefined && last !== undefined);
  const counted = recordOf({ ...valueOf('gap'), gap });
  t.notOk('first_seq' in (JSON.parse(toJson(counted)) as { gap: object }).gap);
  t.match(toPretty(counted, { color: false }), /17 lost, ring_full$/);
  const killed = recordOf({ ...valueOf('gap'), gap: { ...gap, count: 0n } });
  t.match(toPretty(killed, { color: false }), /an unknown number lost, ring_full$/);
  const exit = recordOf({ ...valueOf('exit'), signal: null, code: 3 });
  t.match(JSON.parse(toJson(exit)), { exit: { code: 3, signal: null } });
  t.match(toPretty(exit, { color: false }), 'code 3');
});

t.test('times are exact to the nanosecond, before 1970 too', async (t) => {
  const record = recordOf(valueOf('config'));
  const at = (wallNs: bigint): unknown =>
    (JSON.parse(toJson({ ...record, wallNs })) as { ts: unknown }).ts;
  t.equal(at(0n), '1970-01-01T00:00:00.000000000Z');
  t.equal(at(1n), '1970-01-01T00:00:00.000000001Z');
  t.equal(at(-1n), '1969-12-31T23:59:59.999999999Z');
  t.equal(at(1_763_690_077_124_458_793n), '2025-11-21T01:54:37.124458793Z');
  t.equal(at(2n ** 63n - 1n), '2262-04-11T23:47:16.854775807Z');
});

t.test('a process existing before the sensors, or with a cut command line, says so', async (t) => {
  const given = { ...process, bootstrap: true, argvTruncated: true };
  const line = toJson(recordOf({ ...valueOf('exec'), process: given }));
  t.match(JSON.parse(line), { process: { bootstrap: true, argv_truncated: true } });
});
