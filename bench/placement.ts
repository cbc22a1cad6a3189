/**
 * What a probe costs by where it stands: OpenSSL's public functions, against where src/resolve puts it. For an agent, whose
 * plaintext is copied, and for a stranger who happens to use the same library. Side by side, one after another in each round.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { openImage } from '../src/elf/index.js';
import type { ProbeSite } from '../src/event/index.js';
import { resolveFile } from '../src/resolve/index.js';
import { symbols } from '../src/resolve/symbols.js';
import { runForJson } from '../test/helpers/children.js';
import { strangerOf, watchKernel } from '../test/helpers/kernel.js';
import { TLS_LOAD } from './loads.js';
import { pinned } from './machine.js';
import { Ends } from './owner.js';
import { spread } from './statistics.js';

interface Latency {
  readonly write_p50_ns: number;
  readonly read_p50_ns: number;
}

type Who = 'agent' | 'stranger';

const SIZES = [200, 4096];
const RATE = 2500;

function sitesOf(path: string): Readonly<Record<string, readonly ProbeSite[]>> {
  const file = readFileSync(path);
  const reader = {
    size: file.length,
    read: (at: number, length: number) => file.subarray(at, at + length),
  };
  const image = openImage(reader);
  const resolution = resolveFile(reader);
  const [best] = resolution.ok ? resolution.found : [];
  const whole = typeof image === 'string' ? null : symbols(image);
  if (whole === null || best === undefined || 'refused' in whole || 'refused' in best)
    throw new Error(`${path} has no OpenSSL that can be read`);
  return { 'public functions': whole.sites, placed: best.sites };
}

async function measure(path: string, sites: readonly ProbeSite[], who: Who, size: number) {
  const ends = new Ends();
  try {
    const watch = watchKernel(ends, [TLS_LOAD]);
    const fd = openSync(path, 'r');
    const { dev, ino } = fstatSync(fd, { bigint: true });
    const file = { dev: ((dev >> 8n) & 0xfffn) * 1_048_576n + (dev & 0xffn), inode: ino };
    if (sites.length > 0)
      watch.kernel.attach({ file, path, library: 'openssl', by: 'symbols', sites }, fd);
    closeSync(fd);
    const program = who === 'agent' ? TLS_LOAD : strangerOf(ends, TLS_LOAD);
    const pace = ['--rate', String(RATE), '--count', String(RATE), '--warm', String(RATE / 10)];
    const command = pinned(0, [program, 'memory', '--size', String(size), ...pace]);
    const [told] =
      who === 'agent'
        ? await watch.run<Latency>(command)
        : await runForJson<Latency>(ends, command);
    if (told === undefined) throw new Error('the load printed nothing');
    return told;
  } finally {
    await ends.all();
  }
}

async function main(rounds: number): Promise<void> {
  const path = realpathSync(
    execFileSync('cc', ['-print-file-name=libssl.so'], { encoding: 'utf8' }).trim(),
  );
  const ways = sitesOf(path);
  process.stdout.write(
    '| who, probes at | size | SSL_write p50, added ns | SSL_read p50, added ns |\n',
  );
  process.stdout.write('| --- | --- | --- | --- |\n');
  for (const size of SIZES) {
    const told = new Map<string, { write: number[]; read: number[] }>();
    for (let round = 0; round < rounds; round += 1) await oneRound(path, ways, size, told);
    for (const [name, { write, read }] of told)
      process.stdout.write(`| ${name} | ${size} B | ${spread(write)} | ${spread(read)} |\n`);
  }
}

async function oneRound(
  path: string,
  ways: Readonly<Record<string, readonly ProbeSite[]>>,
  size: number,
  told: Map<string, { write: number[]; read: number[] }>,
): Promise<void> {
  for (const who of ['agent', 'stranger'] as const) {
    const alone = await measure(path, [], who, size);
    for (const [name, sites] of Object.entries(ways)) {
      const found = await measure(path, sites, who, size);
      const key = `${who}, ${name}`;
      const rows = told.get(key) ?? { write: [], read: [] };
      rows.write.push(found.write_p50_ns - alone.write_p50_ns);
      rows.read.push(found.read_p50_ns - alone.read_p50_ns);
      told.set(key, rows);
    }
  }
}

await main(Number(process.argv[2] ?? 5));
