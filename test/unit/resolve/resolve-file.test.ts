import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import t from 'tap';
import type { FileReader } from '../../../src/elf/index.js';
import { resolveFile } from '../../../src/resolve/index.js';
import { buildElf } from '../elf/build-elf.js';
import { buildProgram, type FunctionPlan, type ProgramPlan } from '../elf/build-program.js';
import { BORING_FUNCTIONS, BORINGSSL, fn, inlinedOpenSsl, openSsl, PATH } from './plans.js';

const readerOf = (file: Uint8Array): FileReader => ({
  size: file.length,
  read: (offset, length) => file.subarray(offset, offset + length),
});

/** What was found, with the names of the functions instead of their offsets. */
function found(plan: ProgramPlan): unknown {
  const program = buildProgram(plan);
  const names = new Map(plan.functions.map(({ name }) => [program.offsetOf(name), name]));
  const result = resolveFile(readerOf(program.file));
  if (!result.ok) return result.reason;
  return result.found.map((one) =>
    'refused' in one
      ? [one.library, one.refused]
      : [one.library, one.by, ...one.sites.map((s) => `${s.call} ${names.get(s.entry) ?? '?'}`)],
  );
}

const WANTED = [['boringssl', 'anchors', 'write SSL_write', 'read SSL_read']];
const without = (...names: readonly string[]): FunctionPlan[] =>
  BORING_FUNCTIONS.filter(({ name }) => !names.includes(name));

t.test('BoringSSL is found by the errors its functions report', async (t) => {
  t.same(found(BORINGSSL), WANTED, 'position-independent');
  t.same(found({ ...BORINGSSL, fixed: true }), WANTED, 'at fixed addresses');
  t.same(found({ ...BORINGSSL, unwind: true }), WANTED, 'with an unwind table');
  t.same(found({ ...BORINGSSL, machine: 'aarch64' }), WANTED, 'on arm64');
});

t.test('it is found without SSL_peek, and when an older SSL_write reports less', async (t) => {
  t.same(found({ functions: without('SSL_peek') }), WANTED);
  const older = BORING_FUNCTIONS.map((one) =>
    one.name === 'SSL_write'
      ? { ...one, does: one.does.filter((s) => s.step !== 'raise' || s.reason !== 111) }
      : one,
  );
  t.same(found({ functions: older }), WANTED);
});

t.test('it is refused where two functions could be the one', async (t) => {
  const twice = (of: string, change: (plan: FunctionPlan) => FunctionPlan): ProgramPlan => ({
    functions: BORING_FUNCTIONS.flatMap((one) =>
      one.name === of
        ? [one, change({ ...one, name: 'other' })]
        : one.name === 'main'
          ? [{ ...one, does: [...one.does, { step: 'call', name: 'other' } as const] }]
          : [one],
    ),
  });
  t.same(found(twice('SSL_write', (one) => one)), [
    ['boringssl', '2 functions report the errors of SSL_write'],
  ]);
  t.same(found(twice('SSL_read', (one) => one)), [
    ['boringssl', '3 functions report the errors of SSL_read'],
  ]);
  t.same(found({ functions: without('SSL_peek', 'SSL_read', 'ssl_read_impl') }), [
    ['boringssl', 'no function reports the errors of SSL_read'],
  ]);
  t.same(found({ functions: without('SSL_write') }), [
    ['boringssl', 'no function reports the errors of SSL_write'],
  ]);
});

t.test('SSL_peek is not taken for SSL_read', async (t) => {
  const same = BORING_FUNCTIONS.map((one) =>
    one.name === 'SSL_read'
      ? { ...one, does: one.does.slice(0, -3).concat(one.does.slice(-2)) }
      : one,
  );
  t.same(found({ functions: same }), [['boringssl', 'SSL_read cannot be told from SSL_peek']]);
  const otherLine = BORING_FUNCTIONS.map((one) =>
    one.name === 'SSL_peek'
      ? { ...one, does: one.does.map((s) => (s.step === 'raise' ? { ...s, line: 1200 } : s)) }
      : one,
  );
  t.same(found({ functions: otherLine }), [['boringssl', 'SSL_read cannot be told from SSL_peek']]);
});

t.test('a path that no code names is no BoringSSL', async (t) => {
  t.same(found({ functions: [fn('main')], texts: [PATH] }), []);
});

t.test('OpenSSL 3 is found by the names of its inner functions', async (t) => {
  const inner = (write: string) => [
    ['openssl', 'anchors', `${write} ssl_write_internal`, 'read_ex ssl_read_internal'],
  ];
  t.same(found(openSsl('OpenSSL 3.0.19 27 Jan 2026')), inner('write_ex'));
  t.same(found(openSsl('OpenSSL 3.2.1 30 Jan 2024')), inner('write_ex'));
  t.same(found(openSsl('OpenSSL 3.3.0 9 Apr 2024')), inner('write_flags_ex'), 'flags since 3.3');
  t.same(found(openSsl('OpenSSL 3.6.4 25 Aug 2026')), inner('write_flags_ex'));
  t.same(found({ ...openSsl('OpenSSL 3.0.19 27 Jan 2026'), fixed: true }), inner('write_ex'));
  t.same(
    found({ ...openSsl('OpenSSL 3.6.4 25 Aug 2026'), machine: 'aarch64', unwind: true }),
    inner('write_flags_ex'),
  );
});

t.test('how SSL_write calls says what no version says', async (t) => {
  const subRsp = [0x48, 0x83, 0xec, 0x18];
  const addRsp = [0x48, 0x83, 0xc4, 0x18];
  // mov rcx, rsp; and since 3.3 xor ecx, ecx and mov r8, rsp
  const ways = { without: [0x48, 0x89, 0xe1], with: [0x31, 0xc9, 0x49, 0x89, 0xe0] };
  const plan = (way: keyof typeof ways, ...texts: readonly string[]): ProgramPlan => ({
    texts,
    functions: openSsl('').functions.map((one) =>
      one.name !== 'SSL_write'
        ? one
        : {
            name: one.name,
            does: [
              { step: 'code', code: subRsp },
              { step: 'load', text: 'SSL_write' },
              { step: 'code', code: ways[way] },
              { step: 'call', name: 'ssl_write_internal' },
              { step: 'code', code: addRsp },
              { step: 'return' },
            ],
          },
    ),
  });
  const sites = (write: string) => [
    ['openssl', 'anchors', `${write} ssl_write_internal`, 'read_ex ssl_read_internal'],
  ];
  t.same(found(plan('without')), sites('write_ex'));
  t.same(found(plan('with')), sites('write_flags_ex'));
  t.same(found(plan('with', 'OpenSSL 3.6.4 25 Aug 2026')), sites('write_flags_ex'));
  t.same(found(named(plan('with'), 'SSL_write')), sites('write_flags_ex'), 'a program names it');
  t.same(found(plan('without', 'OpenSSL 3.6.4 25 Aug 2026')), [
    ['openssl', 'its version and its code differ'],
  ]);
});

/** The program has a function that says what failed. */
const named = (plan: ProgramPlan, text: string): ProgramPlan => ({
  ...plan,
  functions: [
    ...plan.functions.map((one) =>
      one.name === 'main'
        ? { ...one, does: [...one.does, { step: 'call', name: 'says' } as const] }
        : one,
    ),
    fn('says', { step: 'load', text }),
  ],
});

t.test('a program that names the functions of OpenSSL itself is no second one', async (t) => {
  for (const version of ['OpenSSL 3.0.19 27 Jan 2026', 'OpenSSL 3.6.4 25 Aug 2026']) {
    const plan = openSsl(version);
    t.same(found(named(plan, 'SSL_write')), found(plan));
    t.same(found(named(plan, 'SSL_read')), found(plan));
  }
  const inlined = inlinedOpenSsl('OpenSSL 3.0.19 27 Jan 2026');
  t.same(found(named(inlined, 'SSL_read')), found(inlined));
});

t.test('OpenSSL with its inner functions in their callers is read at each of these', async (t) => {
  t.same(found(inlinedOpenSsl('OpenSSL 3.0.19 27 Jan 2026')), [
    [
      ...['openssl', 'anchors', 'write SSL_write', 'write_ex ssl_write_internal'],
      ...['write_ex SSL_write_ex', 'read SSL_read', 'read_ex ssl_read_internal'],
      'read_ex SSL_read_ex',
    ],
  ]);
  t.same(found(inlinedOpenSsl('OpenSSL 3.6.4 25 Aug 2026')), [
    ['openssl', 'ssl_write_internal: 2 functions name it'],
  ]);
});

t.test('two functions that are taken for one are not read', async (t) => {
  const plan = openSsl('OpenSSL 3.0.19 27 Jan 2026');
  const functions = plan.functions
    .filter(({ name }) => name !== 'SSL_read')
    .map((one) =>
      one.name !== 'ssl_read_internal'
        ? one
        : {
            ...one,
            does: [
              ...one.does,
              { step: 'load', text: 'SSL_read' } as const,
              { step: 'call', name: one.name } as const,
            ],
          },
    );
  t.same(found({ ...plan, functions }), [
    ['openssl', 'ssl_read_internal: where it begins cannot be told'],
  ]);
});

t.test('OpenSSL is refused where its shape is not known', async (t) => {
  const plan = openSsl('no version');
  t.same(found(plan), [['openssl', 'no single version of OpenSSL 3 in the file']]);
  const two = { ...plan, texts: ['OpenSSL 3.0.19 27 Jan 2026', 'OpenSSL 3.6.4 25 Aug 2026'] };
  t.same(found(two), [['openssl', 'no single version of OpenSSL 3 in the file']]);
  const version = 'OpenSSL 3.0.19 27 Jan 2026';
  const half = openSsl(version).functions.filter(({ name }) => name !== 'ssl_read_internal');
  t.same(found({ texts: [version], functions: half }), [
    ['openssl', 'ssl_read_internal: no code names it'],
  ]);
  const many = Array.from({ length: 6 }, (_, i) =>
    fn(`f${i}`, { step: 'load', text: 'ssl_write_internal' }),
  );
  t.same(
    found({
      texts: [version],
      functions: [
        fn('main', ...many.map(({ name }) => ({ step: 'call', name }) as const)),
        ...many,
        fn('r', { step: 'load', text: 'ssl_read_internal' }),
      ],
    }),
    [['openssl', 'ssl_write_internal: 6 functions name it']],
  );
});

t.test('local symbols are believed before anchors', async (t) => {
  const symbols = ['SSL_write', 'SSL_read', 'SSL_peek'];
  const symbol = [['boringssl', 'symbols', 'write SSL_write', 'read SSL_read']];
  t.same(found({ ...BORINGSSL, symbols }), symbol);
  const openssl = openSsl('OpenSSL 3.0.19 27 Jan 2026');
  t.same(found({ ...openssl, symbols: ['SSL_write', 'SSL_read', 'SSL_read_ex'] }), [
    ['openssl', 'symbols', 'write SSL_write', 'read SSL_read', 'read_ex SSL_read_ex'],
  ]);
  t.same(
    found({ ...BORINGSSL, symbols: [...symbols, 'SSL_read'] }),
    WANTED,
    'not the name of two functions',
  );
});

t.test('what is exported by name is found', async (t) => {
  const of = (...functions: string[]) => {
    const result = resolveFile(
      readerOf(buildElf({ functions, hash: 'gnu', sections: null, buildId: 'ab12' })),
    );
    if (!result.ok) return result.reason;
    t.equal(result.buildId, 'ab12');
    return result.found.map((one) =>
      'refused' in one ? one : [one.library, one.by, one.sites.map(({ call }) => call).join()],
    );
  };
  t.same(of('gnutls_record_send', 'gnutls_record_recv', 'gnutls_deinit', 'x'), [
    ['gnutls', 'symbols', 'write,read,free'],
  ]);
  t.same(of('gnutls_record_send', 'gnutls_deinit'), [], 'nothing that reads');
  t.same(of('SSL_read', 'SSL_write', 'SSL_CTX_set_custom_verify'), [
    ['boringssl', 'symbols', 'write,read'],
  ]);
  t.same(
    of('SSL_read', 'SSL_write', 'SSL_read_ex', 'SSL_write_ex', 'SSL_CTX_set_custom_verify'),
    [['boringssl', 'symbols', 'write,read']],
    'what BoringSSL calls _ex calls the others',
  );
  t.same(of('SSL_read', 'SSL_free'), []);
  t.same(of('SSL_ImportFD', 'SSL_AuthCertificateHook'), [
    { library: 'nss', refused: 'NSS: no table looks like that of its secure sockets' },
  ]);
  t.same(of('SSL_ImportFD'), []);
  t.same(of('main'), []);
});

t.test('the libraries of this machine hold what they are named for', async (t) => {
  const dirs = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64'];
  const library = (path: string): string => {
    const fd = openSync(path, 'r');
    const result = resolveFile({
      size: fstatSync(fd).size,
      read: (offset, length) => {
        const buffer = Buffer.alloc(length);
        return buffer.subarray(0, readSync(fd, buffer, 0, length, offset));
      },
    });
    closeSync(fd);
    return result.ok ? result.found.map((one) => one.library).join() : result.reason;
  };
  t.match(library(process.execPath), /^openssl/);
  for (const dir of dirs) {
    for (const [name, holds] of [
      ['libssl.so.3', 'openssl'],
      ['libgnutls.so.30', 'gnutls'],
      ['libssl3.so', 'nss'],
      ['libcrypto.so.3', ''],
      ['libc.so.6', ''],
    ] as const) {
      const path = `${dir}/${name}`;
      if (existsSync(path)) t.equal(library(path), holds, path);
    }
  }
});

t.test('a file that is no image is told with its reason', async (t) => {
  t.same(resolveFile(readerOf(Buffer.from('#!/bin/sh\n'))), { ok: false, reason: 'not_elf' });
  t.same(resolveFile(readerOf(Buffer.alloc(0))), { ok: false, reason: 'not_elf' });
});
