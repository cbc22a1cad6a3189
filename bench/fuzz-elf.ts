import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { FileReader } from '../src/elf/index.js';
import { openImage } from '../src/elf/index.js';
import { resolveFile } from '../src/resolve/index.js';
import { buildElf } from '../test/unit/elf/build-elf.js';
import { buildProgram } from '../test/unit/elf/build-program.js';
import { buildNss } from '../test/unit/resolve/nss-library.js';
import { BORINGSSL, inlinedOpenSsl, openSsl } from '../test/unit/resolve/plans.js';
import { mutate, randomOf } from './mutate-elf.js';

/** What one file may cost: its size some times over, and what small ones need anyway. */
const BYTES_A_BYTE = 64;
const BYTES_FREE = 64 * 1024 * 1024;
const READS_MAX = 200_000;
const TIME_MAX_MS = 5000;
/** Many mutations a second matter more than size. */
const FILE_MAX = 12 * 1024 * 1024;
const FINDINGS_MAX = 20;

const REAL = [
  'libssl.so.3',
  'libgnutls.so.30',
  'libcrypto.so.3',
  'libssl3.so',
  'libnspr4.so',
  'libc.so.6',
  'libz.so.1',
].flatMap((name) => [`/usr/lib/x86_64-linux-gnu/${name}`, `/usr/lib/aarch64-linux-gnu/${name}`]);

const generated = (): Buffer[] => [
  ...(['x86-64', 'aarch64'] as const).flatMap((machine) =>
    [
      BORINGSSL,
      openSsl('OpenSSL 3.6.4 25 Aug 2026'),
      inlinedOpenSsl('OpenSSL 3.0.1 1 Jan 2022'),
    ].flatMap((plan) => [
      buildProgram({ ...plan, machine }).file,
      buildProgram({ ...plan, machine, unwind: true }).file,
      buildProgram({ ...plan, machine, fixed: true, symbols: ['SSL_write', 'main'] }).file,
      buildProgram({ ...plan, machine, pointers: ['SSL_write', 'main'] }).file,
    ]),
  ),
  ...(['x86-64', 'aarch64'] as const).flatMap((machine) => [
    buildNss({ machine }),
    buildNss({ machine, packed: true }),
  ]),
  buildElf({ functions: ['SSL_write', 'SSL_read', 'SSL_free'], hash: 'gnu', sections: 'symtab' }),
  buildElf({
    functions: ['gnutls_record_send', 'gnutls_record_recv'],
    hash: 'sysv',
    sections: null,
  }),
  buildElf({ functions: ['SSL_write', 'SSL_read_ex'], hash: 'none', sections: 'dynsym' }),
];

/** Whose mistake a refused read is, is told by its name. */
class OutsideError extends Error {}

function guarded(file: Buffer): FileReader {
  let reads = 0;
  let bytes = 0;
  return {
    size: file.length,
    read: (offset, length) => {
      const isInside =
        Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 0;
      if (!isInside || offset + length > file.length) {
        throw new OutsideError(`read of ${length} at ${offset} of ${file.length}`);
      }
      reads += 1;
      bytes += length;
      if (reads > READS_MAX) throw new OutsideError(`more than ${READS_MAX} reads`);
      if (bytes > file.length * BYTES_A_BYTE + BYTES_FREE) {
        throw new OutsideError(`${bytes} bytes read of ${file.length}`);
      }
      return file.subarray(offset, offset + length);
    },
  };
}

/** Damage that leaves nothing to look for finds nothing: how many files still held a stack. */
let held = 0;

/** null: as it must be. */
function finding(file: Buffer): string | null {
  const before = performance.now();
  try {
    const result = resolveFile(guarded(file));
    const ms = performance.now() - before;
    if (ms > TIME_MAX_MS) return `took ${Math.round(ms)} ms`;
    const image = openImage(guarded(file));
    if (!result.ok || typeof image === 'string') return null;
    if (result.found.length > 0) held += 1;
    for (const found of result.found) {
      if ('refused' in found) continue;
      for (const { call, entry, returns } of found.sites) {
        const isCode = [entry, ...returns].every((offset) => {
          const address = image.addressOf(offset);
          return Number.isInteger(offset) && address !== null && offset < file.length;
        });
        if (!isCode) return `${found.library} ${call} is at no place of the file: ${entry}`;
      }
    }
    return null;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '600' }, seed: { type: 'string', default: '1' } },
});
const files = positionals.length > 0 ? positionals : REAL.filter((path) => existsSync(path));
const seeds = [...generated(), ...files.map((path) => readFileSync(path))].filter(
  ({ length }) => length <= FILE_MAX,
);
const end = performance.now() + Number(values.seconds) * 1000;
let findings = 0;
let tried = 0;
let slowest = 0;
for (
  let seed = Number(values.seed);
  performance.now() < end && findings < FINDINGS_MAX;
  seed += 1
) {
  const random = randomOf(seed);
  const file = mutate(seeds[random(seeds.length)] ?? Buffer.alloc(0), random);
  const before = performance.now();
  const wrong = finding(file);
  slowest = Math.max(slowest, performance.now() - before);
  tried += 1;
  if (wrong === null) continue;
  findings += 1;
  mkdirSync('build/fuzz', { recursive: true });
  writeFileSync(`build/fuzz/${seed}.elf`, file);
  console.log(`seed ${seed}: ${wrong}`);
}
console.log(
  `${tried} files of ${seeds.length} seeds, ${held} with a stack in them, slowest ${Math.round(slowest)} ms, findings: ${findings}`,
);
process.exitCode = findings > 0 ? 1 : 0;
