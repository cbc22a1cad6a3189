import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command, Owner } from '../helpers/children.js';
import { compileGo, whyNoGo } from '../helpers/compile-go.js';
import { compileTrigger } from '../helpers/compile.js';
import { linkedLibrary } from '../helpers/linked-library.js';
import { MODEL_ADDRESS } from '../helpers/network-namespace.js';
import { scratchDirectory } from '../helpers/scratch.js';

/** What every client is told to ask. */
export interface Question {
  readonly host: string;
  readonly path: string;
  /** PEM file of the server's certificate, which signs itself. */
  readonly cert: string;
}

/** A program with a TLS stack, run for real. */
export interface Client {
  /** As the table calls it. */
  readonly name: string;
  readonly http: '1.1' | '2';
  /** What has to come of it: its plaintext, or one finding that it cannot be read. */
  readonly want: 'plaintext' | 'opaque';
  /** The stack, for the table. */
  readonly stack: string;
  /** Why it cannot be run here; null: it can. */
  whyNot(): string | null;
  version(): string;
  /** It asks, and prints the answer. Called once for each question. */
  command(t: Owner, question: Question): Command;
}

const MJS = resolve('test/matrix/clients/ask.mjs');
const PY = resolve('test/matrix/clients/ask.py');
const JAVA = resolve('test/matrix/clients/Ask.java');
const GO = resolve('test/matrix/clients/go-matrix');
const PYTHON = '/usr/bin/python3';

const installed = (program: string, ...args: string[]): (() => string | null) => {
  return () =>
    spawnSync(program, args).error === undefined ? null : `${program} is not installed`;
};
/** The first thing in what a program says of itself that looks like a version. */
const versionOf = (program: string, ...args: string[]): (() => string) => {
  return () => {
    const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    return /\d+(\.\d+)+\w*/.exec(`${stdout}\n${stderr}`)?.[0] ?? '';
  };
};
const url = ({ host, path }: Question): string => `https://${host}${path}`;
const body = ({ path }: Question): string => `body of ${path}`;

/** The library's own word for it. */
const NSS_VERSION = `from ctypes import *; said = CDLL("libnss3.so").NSS_GetVersion
said.restype = c_char_p; print(said().decode())`;
const nssVersion = versionOf(PYTHON, '-c', NSS_VERSION);

/** Runtimes from npm, of the versions in test/matrix/runtimes. */
const RUNTIMES = resolve('.cache/runtimes/node_modules');
const BUN = join(RUNTIMES, '@oven/bun-linux-x64/bin/bun');
const DENO = join(RUNTIMES, '@deno/linux-x64-glibc/deno');
const fetched = (path: string): (() => string | null) => {
  return () => (existsSync(path) ? null : 'not installed: scripts/install-clients');
};

/** One pair for all runs of a test: another copy would be another file. */
const pairs = new WeakMap<Owner, readonly [string, string]>();

/** The pair of libraries under names of their own, as the tools that make wheels repair them. */
function privateLibraries(t: Owner): readonly [string, string] {
  const known = pairs.get(t);
  if (known !== undefined) return known;
  const from = (name: string): string => {
    const path = linkedLibrary('/usr/bin/openssl', name);
    if (path === null) throw new Error(`openssl has no lib${name}`);
    return path;
  };
  const directory = scratchDirectory(t);
  const [ssl, crypto] = [
    join(directory, 'libssl-5f2c1a9e.so.3'),
    join(directory, 'libcrypto-0b7d.so.3'),
  ];
  copyFileSync(from('ssl'), ssl);
  copyFileSync(from('crypto'), crypto);
  pairs.set(t, [ssl, crypto]);
  return [ssl, crypto];
}

const node = (way: string): Pick<Client, 'whyNot' | 'version' | 'command'> => ({
  whyNot: () => null,
  version: () => process.versions.node,
  command: (_, { host, path }) => [process.execPath, MJS, way, host, path],
});

const curl = (option: string): Pick<Client, 'whyNot' | 'version' | 'command'> => ({
  whyNot: installed('curl', '--version'),
  version: versionOf('curl', '--version'),
  command: (_, q) => ['curl', '-sS', option, '--noproxy', '*', '-d', body(q), url(q)],
});

const python = (way: string): Pick<Client, 'whyNot' | 'version' | 'command'> => ({
  whyNot: installed(PYTHON, '--version'),
  version: versionOf(PYTHON, '--version'),
  command: (_, { host, path }) => [PYTHON, PY, way, host, path],
});

const go = (http: string): Pick<Client, 'whyNot' | 'version' | 'command'> => ({
  whyNot: whyNoGo,
  version: versionOf('go', 'version'),
  command: (_, { host, path }) => {
    const [program = ''] = compileGo(GO, ['-ldflags=-s -w']);
    return [program, http, host, path];
  },
});

/** s_client reads what is to be sent from its input, and ends with the connection. */
const S_CLIENT = `printf '%s' "$1" | openssl s_client -connect "$2:443" -servername "$2" -quiet -ign_eof 2> /dev/null`;
const request = (q: Question): string =>
  `POST ${q.path} HTTP/1.1\r\nHost: ${q.host}\r\nConnection: close\r\n` +
  `Content-Length: ${body(q).length}\r\n\r\n${body(q)}`;

/** NSS's own: sends what a file has, by PR_Send, and prints what comes, by PR_Recv. The end of a pipe it does not see. */
function tstclnt(t: Owner, q: Question): Command {
  const file = join(scratchDirectory(t), 'request');
  writeFileSync(file, request(q));
  return ['tstclnt', '-D', '-o', '-h', q.host, '-p', '443', '-A', file];
}

export const CLIENTS: readonly Client[] = [
  { name: 'curl', http: '1.1', want: 'plaintext', stack: 'libssl', ...curl('--http1.1') },
  { name: 'curl', http: '2', want: 'plaintext', stack: 'libssl', ...curl('--http2') },
  {
    ...{ name: 'wget', http: '1.1', want: 'plaintext', stack: 'GnuTLS' },
    whyNot: installed('wget', '--version'),
    version: versionOf('wget', '--version'),
    command: (_, q) => [
      ...(['wget', '-q', '-O', '-', '-t', '1', '--no-proxy'] as const),
      ...[`--ca-certificate=${q.cert}`, `--post-data=${body(q)}`, url(q)],
    ],
  },
  { name: 'Python', http: '1.1', want: 'plaintext', stack: 'libssl', ...python('sync') },
  {
    ...{ name: 'Python asyncio', http: '1.1', want: 'plaintext', stack: 'libssl, over memory' },
    ...python('asyncio'),
  },
  {
    ...{ name: 'Python wheel', http: '1.1', want: 'plaintext', stack: 'libssl of its own' },
    ...python('private'),
    command: (t, { host, path }) => [PYTHON, PY, 'private', host, path, ...privateLibraries(t)],
  },
  { name: 'Node fetch', http: '1.1', want: 'plaintext', stack: 'OpenSSL within', ...node('fetch') },
  { name: 'Node http2', http: '2', want: 'plaintext', stack: 'OpenSSL within', ...node('http2') },
  {
    ...{ name: 'Bun', http: '1.1', want: 'plaintext', stack: 'BoringSSL within' },
    whyNot: fetched(BUN),
    version: versionOf(BUN, '--version'),
    command: (_, { host, path }) => [BUN, MJS, 'fetch', host, path],
  },
  {
    ...{ name: 'Deno', http: '2', want: 'plaintext', stack: 'rustls over AWS-LC within' },
    whyNot: fetched(DENO),
    version: versionOf(DENO, '--version'),
    command: (_, q) => [DENO, 'run', '-A', `--cert=${q.cert}`, MJS, 'fetch', q.host, q.path],
  },
  { name: 'Go, stripped', http: '1.1', want: 'plaintext', stack: 'crypto/tls', ...go('1.1') },
  { name: 'Go, stripped', http: '2', want: 'plaintext', stack: 'crypto/tls', ...go('2') },
  {
    ...{ name: 'openssl s_client', http: '1.1', want: 'plaintext', stack: 'libssl' },
    whyNot: installed('openssl', 'version'),
    version: versionOf('openssl', 'version'),
    command: (_, q) => ['sh', '-c', S_CLIENT, 'sh', request(q), q.host],
  },
  {
    ...{ name: 'tstclnt', http: '1.1', want: 'plaintext', stack: 'NSS' },
    whyNot: installed('tstclnt', '-h'),
    version: nssVersion,
    command: tstclnt,
  },
  {
    ...{ name: 'Python over NSS', http: '1.1', want: 'plaintext', stack: 'NSS' },
    whyNot: () => (nssVersion() === '' ? 'NSS is not installed' : null),
    version: nssVersion,
    command: (_, { host, path }) => [PYTHON, PY, 'nss', host, path],
  },
  {
    ...{ name: 'C, static and stripped', http: '1.1', want: 'plaintext', stack: 'OpenSSL within' },
    whyNot: () => null,
    version: versionOf('openssl', 'version'),
    command: (_, { host, path }) => [
      ...([compileTrigger('tls-ask-static'), '443', `body of ${path}`, '--print'] as const),
      ...[
        '--address',
        MODEL_ADDRESS,
        '--sni',
        host,
        '--host',
        host,
        '--path',
        path,
        '--await',
        'tls-ask-static',
      ],
    ],
  },
  {
    ...{ name: 'Java', http: '2', want: 'opaque', stack: 'JSSE' },
    whyNot: () => installed('java', '-version')() ?? installed('javac', '-version')(),
    version: versionOf('java', '-version'),
    command: (_, { host, path }) => ['java', JAVA, host, path],
  },
];
