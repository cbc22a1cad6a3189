import t from 'tap';
import { decodeBatch } from '../../../src/decode/index.js';
import { WF_HEADER, WfExecFlag, WfKind, WfVerdict } from '../../../src/decode/layout.gen.js';
import type { KernelEvent } from '../../../src/event/index.js';
import {
  batchOf,
  execRecord,
  exitRecord,
  flowOpenRecord,
  flowStateRecord,
  forkRecord,
  record,
  renameRecord,
  seedRecord,
  tlsDataRecord,
  tlsFreeRecord,
  tlsSendRecord,
  tupleBytes,
  unixOpenRecord,
  utf8,
  wireHeadRecord,
} from '../../helpers/wire.js';
import * as layout from '../../../src/decode/layout.gen.js';

const key = { tgid: 100, startNs: 1_000n };
const child = { tgid: 101, startNs: 2_000n };
const tcp = { src: '10.0.0.2', srcPort: 40_000, dst: '203.0.113.10', dstPort: 443 };

const one = <K extends KernelEvent['kind']>(bytes: Uint8Array, kind: K) => {
  const { events, invalid } = decodeBatch(batchOf(bytes));
  if (invalid.length > 0) throw new Error(`invalid: ${invalid[0]!.reason}`);
  const [event] = events;
  if (event?.kind !== kind) throw new Error(`not a ${kind}: ${String(event?.kind)}`);
  return event as KernelEvent & { kind: K };
};

t.test('every kind of record becomes its event with every member in place', (t) => {
  const header = { key, bootNs: 77n, seq: 5n, cpu: 3, tid: 102 };
  const fork = one(forkRecord(child, header), 'fork');
  t.strictSame(fork, {
    kind: 'fork',
    origin: { ring: 'lifecycle', cpu: 3, seq: 5n, bootNs: 77n },
    key,
    tid: 102,
    root: key,
    scope: 'agent',
    child,
  });
  const exec = one(
    execRecord({ path: '/usr/bin/curl', cwd: '/tmp', argv: ['curl', '', '-v'], uid: 7, flags: 1 }),
    'exec',
  );
  t.match(exec, {
    path: '/usr/bin/curl',
    cwd: '/tmp',
    uid: 7,
    gid: 7,
    nlink: 1,
    asksVerdict: true,
  });
  t.strictSame(exec.argv, ['curl', '', '-v'], 'an empty argument is kept');
  t.strictSame(exec.file, { dev: 8n, inode: 42n, changedNs: 0n, size: 0n });
  t.strictSame(exec.parent, { tgid: 1, startNs: 1n });
  t.equal(exec.argvTruncated, false);
  t.equal(one(exitRecord(0x300), 'exit').waitStatus, 0x300);
  t.match(one(seedRecord({ key, parent: child, comm: 'a) R 1' }), 'seed'), {
    comm: 'a) R 1',
    root: null,
    parent: child,
  });
  const open = one(flowOpenRecord(9n, tcp, header), 'flow_open');
  t.strictSame(open.tuple, {
    family: 'ipv4',
    protocol: 'tcp',
    srcIp: '10.0.0.2',
    srcPort: 40_000,
    dstIp: '203.0.113.10',
    dstPort: 443,
  });
  t.equal(open.origin.ring, 'network');
  const failed = one(
    flowStateRecord({ cookie: 9n, tuple: tcp, from: 2, to: 7, error: 111 }),
    'flow_state',
  );
  t.match(failed, { state: 'closed', failed: true, error: 111 });
  const ended = one(flowStateRecord({ cookie: 9n, tuple: tcp, from: 1, to: 7 }), 'flow_state');
  t.match(ended, { state: 'closed', failed: false });
  const update = record(WfKind.FLOW_UPDATE, layout.WF_FLOW_UPDATE, {
    fields: { cookie: 9, datagrams: 4, bytes: 400, tuple: tupleBytes(tcp) },
  });
  t.match(one(update, 'flow_update'), { datagrams: 4n, bytes: 400n });
  const head = one(
    wireHeadRecord({
      cookie: 9n,
      tuple: tcp,
      bytes: utf8('GET'),
      original: 9,
      offset: 517,
      datagram: 1200,
    }),
    'wire_head',
  );
  t.equal(Buffer.from(head.bytes).toString(), 'GET');
  t.match(head, { original: 9, offset: 517, datagramBytes: 1200 });
  const send = { ssl: 1n, call: 2n, cookie: 3n, plain: 4, sent: 26 };
  t.match(one(tlsSendRecord(send), 'tls_send'), { plainBytes: 4, sentBytes: 26, cookie: 3n });
  const data = one(
    tlsDataRecord({ ssl: 1n, call: 2n, direction: 'read', bytes: utf8('abc'), offset: 2, kept: 5 }),
    'tls_data',
  );
  t.match(data, { direction: 'read', offset: 2, kept: 5, socketCookie: null, lastReceive: null });
  t.equal(data.attachment, null, 'the kernel could not say');
  const from = { ssl: 1n, call: 2n, bytes: utf8('abc'), layer: 2, attachment: 0xffff_fffe };
  const marked = one(tlsDataRecord({ ...from, direction: 'read' }), 'tls_data');
  t.match(marked, { direction: 'read', layer: 'record', attachment: 0xffff_fffe });
  t.equal(one(tlsFreeRecord(6n), 'tls_free').ssl, 6n);
  t.end();
});

t.test('a batch of several rings comes out in the order of time', (t) => {
  const batch = batchOf(
    tlsFreeRecord(1n, { bootNs: 30n }),
    flowOpenRecord(1n, tcp, { bootNs: 20n }),
    execRecord({ path: '/a' }, { bootNs: 10n }),
    exitRecord(0, { bootNs: 30n }),
  );
  t.strictSame(
    decodeBatch(batch).events.map((event) => event.kind),
    ['exec', 'flow_open', 'tls_free', 'exit'],
    'the same nanosecond keeps the order of the batch',
  );
  t.end();
});

t.test('a process outside every lineage has no root', (t) => {
  const exec = one(execRecord({ path: '/a' }, { root: null, verdict: WfVerdict.NONE }), 'exec');
  t.equal(exec.root, null);
  t.equal(exec.scope, 'none');
  t.end();
});

t.test('argv that was cut or could not be read says so', (t) => {
  const cut = one(execRecord({ path: '/a', argv: ['a', 'b'], argvLen: 9000 }), 'exec');
  t.equal(cut.argvTruncated, true);
  t.equal(cut.argvBytes, 9000);
  const fault = one(execRecord({ path: '/a', argv: [], flags: WfExecFlag.ARGV_FAULT }), 'exec');
  t.equal(fault.argvTruncated, true);
  t.strictSame(fault.argv, []);
  t.end();
});

t.test('an exec says which content of a file runs, where, and with what', (t) => {
  const exec = one(
    execRecord({
      path: '/a',
      size: 1234,
      changedNs: 1_700_000_000_123_456_789n,
      stdinMode: 0o010600,
      nsPid: 1,
      pidNamespace: 4_026_531_836,
      argv: ['a', 'X=not of the environment'],
      env: ['AA_AGENT_ID=org/team/agent=1', 'CLAUDECODE', 'EMPTY='],
    }),
    'exec',
  );
  t.match(exec, {
    file: { dev: 8n, inode: 42n, changedNs: 1_700_000_000_123_456_789n, size: 1234n },
    stdinMode: 0o010600,
    nsPid: 1,
    pidNamespace: 4_026_531_836,
    envTruncated: false,
  });
  t.strictSame(exec.argv, ['a', 'X=not of the environment']);
  t.strictSame(exec.env, { AA_AGENT_ID: 'org/team/agent=1', CLAUDECODE: '', EMPTY: '' });
  const cut = one(execRecord({ path: '/a', flags: WfExecFlag.ENV_TRUNCATED }), 'exec');
  t.equal(cut.envTruncated, true);
  t.strictSame(cut.env, {});
  t.end();
});

t.test('of a name that is there twice that one counts which its reader takes', (t) => {
  const env = ['A=first', 'A=second', 'LD_PRELOAD=', 'LD_PRELOAD=/tmp/x.so', '__proto__=odd', '=y'];
  const exec = one(execRecord({ path: '/a', env }), 'exec');
  t.equal(exec.env['A'], 'first', 'getenv takes the first');
  t.equal(exec.env['LD_PRELOAD'], '/tmp/x.so', 'the dynamic linker takes the last');
  t.equal(Object.hasOwn(exec.env, '__proto__'), true, 'no name is anything but a name');
  t.equal(Object.getPrototypeOf(exec.env), Object.prototype);
  t.end();
});

t.test('a name of a process ends at its NUL', (t) => {
  const rename = one(renameRecord('python3', '[kworker/0:1]'), 'rename');
  t.match(rename, { from: 'python3', to: '[kworker/0:1]', origin: { ring: 'lifecycle' } });
  t.equal(
    one(renameRecord('', 'x'.repeat(16)), 'rename').to,
    'x'.repeat(16),
    'or where its room does',
  );
  t.end();
});

t.test('a unix address is a path, or an abstract name of any bytes', (t) => {
  const pathOf = (address: string): string =>
    one(unixOpenRecord({ cookie: 7n, address, netns: 5 }), 'unix_open').path;
  t.equal(pathOf('/run/docker.sock'), '/run/docker.sock');
  t.equal(pathOf('/run/a\0behind'), '/run/a', 'what follows the end of a path is no part of it');
  t.equal(pathOf('\0bus'), '@bus');
  t.equal(pathOf('\0bus\0x'), '@bus@x', 'as /proc/net/unix writes it');
  t.equal(pathOf(''), '');
  t.match(one(unixOpenRecord({ cookie: 7n, address: '/x', netns: 5 }), 'unix_open'), {
    cookie: 7n,
    netns: 5,
    origin: { ring: 'network' },
  });
  t.end();
});

t.test('every verdict of a root has its word', (t) => {
  const scopes = Object.values(WfVerdict).map(
    (verdict) => one(exitRecord(0, { verdict }), 'exit').scope,
  );
  t.strictSame(scopes, ['none', 'pending', 'agent', 'stranger', 'relay', 'watched']);
  t.end();
});

t.test('addresses are written as RFC 5952 says', (t) => {
  const shown = (dst: string): string => {
    const event = one(flowOpenRecord(1n, { dst, dstPort: 1 }), 'flow_open');
    return `${event.tuple.family} ${event.tuple.dstIp} src=${event.tuple.srcIp}`;
  };
  t.equal(shown('2001:db8:0:0:1:0:0:1'), 'ipv6 2001:db8::1:0:0:1 src=', 'the first longest run');
  t.equal(shown('2001:db8:0:1:1:1:1:1'), 'ipv6 2001:db8:0:1:1:1:1:1 src=', 'one group is no run');
  t.equal(shown('0:0:0:0:0:0:0:1'), 'ipv6 ::1 src=');
  t.equal(shown('0:0:0:0:0:0:0:0'), 'ipv6 :: src=');
  t.equal(shown('fe80:0:0:0:0:0:0:0'), 'ipv6 fe80:: src=');
  t.equal(shown('0:0:0:0:0:ffff:cb00:710a'), 'ipv4 203.0.113.10 src=', 'what goes over the wire');
  t.equal(shown('0.0.0.0'), 'ipv4 0.0.0.0 src=');
  t.end();
});

t.test('what is no text keeps its bytes visible', (t) => {
  const path = new Uint8Array([0x2f, 0xff, 0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xed, 0xa0, 0x80, 0x1b]);
  const exec = one(
    record(WfKind.EXEC, layout.WF_EXEC, { fields: { path_captured: path.length }, tail: path }),
    'exec',
  );
  t.equal(exec.path, '/\\xffaé\\xe2\\x82\\xed\\xa0\\x80\u001b');
  t.end();
});

t.test('records that are none are counted by reason and the rest is read on', (t) => {
  const reasonOf = (bytes: Uint8Array): string | undefined => {
    const { invalid, events } = decodeBatch(batchOf(bytes, exitRecord(0)));
    t.ok(events.length <= 1);
    return invalid[0]?.reason;
  };
  const patched = (bytes: Uint8Array, at: number, ...values: number[]): Uint8Array => {
    bytes.set(values, at);
    return bytes;
  };
  t.equal(reasonOf(record(999, { SIZE: 56 }, {})), 'unknown_kind');
  t.equal(reasonOf(record(WfKind.EXEC, layout.WF_HEADER, {})), 'short_body');
  for (const at of ['path_captured', 'cwd_captured', 'argv_captured', 'env_captured'] as const) {
    const exec = patched(execRecord({ path: '/a' }), layout.WF_EXEC[at], 0xff, 0xff);
    t.equal(reasonOf(exec), 'bad_length', at);
  }
  const beyondAddress = unixOpenRecord({ cookie: 1n, address: '/a', captured: 109 });
  t.equal(reasonOf(beyondAddress), 'bad_length', 'longer than any address');
  t.equal(reasonOf(record(2, layout.WF_EXEC, {})), 'unknown_kind', 'the exec of wire version 1');
  t.equal(reasonOf(patched(exitRecord(0), WF_HEADER.ring, 9)), 'unknown_value');
  t.equal(reasonOf(patched(exitRecord(0), WF_HEADER.verdict, 9)), 'unknown_value');
  t.equal(reasonOf(patched(exitRecord(0), WF_HEADER.cpu, 0, 0, 1)), 'unknown_value');
  t.equal(reasonOf(patched(flowOpenRecord(1n, tcp), 64 + 36, 1)), 'unknown_value', 'AF_UNIX');
  t.equal(reasonOf(patched(exitRecord(0), WF_HEADER.size, 8, 0)), 'bad_size');
  t.equal(reasonOf(patched(exitRecord(0), WF_HEADER.size, 0xff, 0xff)), 'bad_size');
  t.equal(decodeBatch(new Uint8Array(20)).invalid[0]?.reason, 'short_header');
  for (const [kind, struct] of Object.entries({
    1: layout.WF_FORK,
    3: layout.WF_EXIT,
    4: layout.WF_SEED,
    5: layout.WF_EXEC,
    6: layout.WF_RENAME,
    16: layout.WF_FLOW_OPEN,
    17: layout.WF_FLOW_STATE,
    18: layout.WF_FLOW_UPDATE,
    20: layout.WF_TLS_SEND,
    21: layout.WF_UNIX_OPEN,
    22: layout.WF_WIRE_HEAD,
    32: layout.WF_TLS_DATA,
    33: layout.WF_TLS_FREE,
  })) {
    t.equal(reasonOf(record(Number(kind), { SIZE: struct.SIZE - 1 }, {})), 'short_body');
  }
  const [cutWire] = decodeBatch(
    wireHeadRecord({ cookie: 1n, tuple: tcp, bytes: utf8('abc'), original: 1 }),
  ).invalid;
  t.equal(cutWire?.reason, 'bad_length', 'more captured than there was');
  const [beyond] = decodeBatch(
    tlsDataRecord({ ssl: 1n, call: 1n, direction: 'write', bytes: utf8('abc'), kept: 2 }),
  ).invalid;
  t.equal(beyond?.reason, 'bad_length', 'more in the record than in the call');
  t.end();
});

t.test('no bytes make it throw', (t) => {
  const batch = batchOf(
    forkRecord(child),
    execRecord({ path: '/usr/bin/curl', argv: ['curl', 'x'] }),
    seedRecord({ key, parent: child }),
    flowOpenRecord(1n, tcp),
    flowStateRecord({ cookie: 1n, tuple: tcp, from: 2, to: 1 }),
    wireHeadRecord({ cookie: 1n, tuple: tcp, bytes: utf8('GET / HTTP/1.1') }),
    tlsSendRecord({ ssl: 1n, call: 2n, cookie: 3n, plain: 4, sent: 5 }),
    tlsDataRecord({ ssl: 1n, call: 2n, direction: 'write', bytes: utf8('hello') }),
    tlsFreeRecord(1n),
    exitRecord(9),
    execRecord({ path: '/bin/sh', env: ['AA_AGENT_ID=a/b/c', 'CLAUDECODE'] }),
    renameRecord('sh', 'kworker/0:1'),
    unixOpenRecord({ cookie: 1n, address: '/run/docker.sock' }),
  );
  for (let length = 0; length <= batch.length; length += 1) decodeBatch(batch.subarray(0, length));
  // xorshift32: the same bytes in every run.
  let state = 0x9e3779b9;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  let invalid = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const bytes = batch.slice();
    for (let n = random(6) + 1; n > 0; n -= 1) bytes[random(bytes.length)] = random(256);
    const cut = bytes.subarray(random(64) * 8, bytes.length - random(16));
    invalid += decodeBatch(cut).invalid.length;
  }
  t.ok(invalid > 1000, 'the mutations really broke records');
  t.end();
});
