import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { describeMachine } from './machine.js';
import {
  SHIPPED,
  STATIC_CLIENT,
  SYSTEM,
  WITHOUT_TLS,
  WITHOUT_TLS_COUNT,
  type Shipped,
} from './resolve-catalogue.js';
import type { Measured } from './resolve-one.js';

const CACHE = '.cache/resolve';
/** Smaller files are no test of what finds nothing. */
const LARGE = 2 * 1024 * 1024;

interface Row {
  readonly name: string;
  readonly path: string;
  readonly known: Readonly<Record<string, number>>;
  /** null: whatever is found. */
  readonly holds: readonly string[] | null;
}

async function one(path: string): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const worker = new Worker(new URL('./resolve-one.js', import.meta.url), { workerData: path });
  const measured = await new Promise<Measured>((done, failed) => {
    worker.once('online', () => delay.enable());
    worker.once('message', (message: Measured) => {
      delay.disable();
      done(message);
    });
    worker.once('error', failed);
  });
  const heldMs = delay.max / 1e6 - 1;
  process.stdout.write(JSON.stringify({ ...measured, heldMs }));
}

function all(argv: readonly string[]): void {
  const install = !argv.includes('--no-install');
  const named = argv.filter((arg) => !arg.startsWith('--'));
  const rows: Row[] = [
    ...SHIPPED.map((shipped) => ({ ...shipped, path: fetched(shipped, install) })),
    { name: 'this Node', path: process.execPath, known: {}, holds: ['openssl'] },
    ...SYSTEM.map((one) => ({ ...one, name: basename(one.path), known: {} })),
    ...clients(),
    ...named.map((path) => ({ name: basename(path), path, known: {}, holds: null })),
  ].filter(({ path }) => existsSync(path));
  console.log(`${describeMachine()}\n`);
  console.log('| file | MB | found | by | offsets | agrees | ms | CPU ms | MiB | held ms |');
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |');
  const wrong = rows.filter((row) => !judge(row));
  const empty = withoutTls();
  const found = empty.filter((path) => !isEmpty(path));
  console.log(
    `\nWithout TLS, and nothing found: ${empty
      .filter((path) => !found.includes(path))
      .map((path) => `${basename(path)} (${mb(path)} MB)`)
      .join(', ')}.`,
  );
  for (const path of found) console.log(`found something in ${path}`);
  for (const { name } of wrong) console.log(`not as it must be: ${name}`);
  process.exitCode = wrong.length + found.length > 0 ? 1 : 0;
}

function resolved(path: string): Measured & { readonly heldMs: number } {
  const self = fileURLToPath(import.meta.url);
  // Into the page cache.
  execFileSync('cat', [path], { stdio: 'ignore' });
  const output = execFileSync(process.execPath, [self, '--one', path], { encoding: 'utf8' });
  return JSON.parse(output) as Measured & { readonly heldMs: number };
}

function judge(row: Row): boolean {
  const { resolution, ms, cpuMs, addedMib, agrees, heldMs } = resolved(row.path);
  const found = resolution.ok ? resolution.found : [];
  const offsets = found.map((one) =>
    'refused' in one
      ? `${one.library}: ${one.refused}`
      : one.sites.map(({ call, entry }) => `${call} 0x${entry.toString(16)}`).join(' '),
  );
  const cells = [
    row.name,
    mb(row.path),
    found.map((one) => one.library).join('; '),
    found.map((one) => ('refused' in one ? 'refused' : one.by)).join('; '),
    offsets.join('; '),
    agrees === null ? '-' : agrees ? 'yes' : 'NO',
    ...[ms, cpuMs, addedMib, heldMs].map((value) => Math.round(value)),
  ];
  console.log(`| ${cells.join(' | ')} |`);
  const sites = found.flatMap((one) => ('refused' in one ? [] : one.sites));
  const isKnown = Object.entries(row.known).every(([call, offset]) =>
    sites.some((site) => site.call === call && site.entry === offset),
  );
  const libraries: readonly string[] = found.map((one) => one.library);
  const holds = row.holds === null || row.holds.every((library) => libraries.includes(library));
  return isKnown && holds && agrees !== false;
}

function isEmpty(path: string): boolean {
  const { resolution } = resolved(path);
  return resolution.ok && resolution.found.length === 0;
}

const mb = (path: string): string =>
  (statSync(path).size / 1e6).toFixed(statSync(path).size < 1e7 ? 1 : 0);

/** Unpacked from npm's registry, once. */
function fetched({ package: wanted, path }: Shipped, install: boolean): string {
  const directory = join(CACHE, wanted.replace(/[^\w.-]+/g, '_'));
  const file = join(directory, 'package', path);
  if (existsSync(file) || !install) return file;
  mkdirSync(directory, { recursive: true });
  console.error(`test-resolve: npm pack ${wanted}`);
  const { status, stdout } = spawnSync('npm', ['pack', '--silent', wanted], {
    cwd: directory,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const archive = stdout.trim().split('\n').at(-1) ?? '';
  if (status !== 0) console.error(`test-resolve: ${wanted} is not to be had; left out`);
  else execFileSync('tar', ['xzf', archive], { cwd: directory });
  return file;
}

/** A static client, with symbols and without; none where there is no compiler or no static OpenSSL. */
function clients(): Row[] {
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(join(CACHE, 'client.c'), STATIC_CLIENT);
  return ['-static', '-static-pie'].flatMap((how) => {
    const whole = join(CACHE, `client${how}`);
    const stripped = `${whole}-stripped`;
    const compile = ['-O2', how, '-w', '-o', whole, join(CACHE, 'client.c'), '-lssl', '-lcrypto'];
    if (spawnSync('cc', compile, { stdio: 'ignore' }).status !== 0) return [];
    if (spawnSync('strip', ['-s', '-o', stripped, whole]).status !== 0) return [];
    return [whole, stripped].map((path) => ({
      name: `OpenSSL client, ${basename(path).slice('client-'.length)}`,
      path,
      known: {},
      holds: ['openssl'],
    }));
  });
}

/** The largest programs and libraries of this machine that are known by name to have none. */
function withoutTls(): string[] {
  const sizes = new Map<string, number>();
  const walk = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) walk(path);
      if (!entry.isFile() || !WITHOUT_TLS.test(entry.name)) continue;
      const { size } = statSync(path);
      const isElf = size >= LARGE && readFileSync(path).readUInt32BE(0) === 0x7f454c46;
      // Drivers are one file under many names.
      if (isElf && ![...sizes.values()].includes(size)) sizes.set(path, size);
    }
  };
  for (const directory of ['/usr/bin', '/usr/lib', '/usr/libexec']) {
    if (existsSync(directory)) walk(directory);
  }
  const largest = [...sizes].sort((a, b) => b[1] - a[1]).slice(0, WITHOUT_TLS_COUNT);
  return largest.map(([path]) => path);
}

/** Each file in a process of its own, and there in a worker, as the daemon does it. */
if (process.argv[2] === '--one') await one(process.argv[3] ?? '');
else all(process.argv.slice(2));
