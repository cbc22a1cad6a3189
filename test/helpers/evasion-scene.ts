import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { runCommand, startChild, type Command, type Finished, type Owner } from './children.js';
import { compileGo } from './compile-go.js';
import { compileProgram, compileTrigger } from './compile.js';
import type { EvasionCase, Variant } from './evasion-case.js';
import type { Expectation } from './evasion-match.js';
import { startHttpsServer, type HttpsServer } from './https-server.js';
import { linkedLibrary } from './linked-library.js';
import { scratchDirectory } from './scratch.js';
import { waitFor } from './wait.js';

/** What a script ends with when this machine cannot do what it is to do; the reason is its last line. */
export const CANNOT = 77;

/** A variant of a case, made ready: an agent of its own, who runs the script. */
export interface Scene {
  readonly of: EvasionCase;
  readonly variant: Variant;
  readonly isTwin: boolean;
  readonly agent: string;
  readonly rule: { readonly id: string; readonly match: { readonly exe: readonly string[] } };
  /** The agent's working directory; everybody who works in it is the agent's. */
  readonly work: string;
  readonly command: Command;
  readonly options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv };
}

export interface Stage {
  readonly directory: string;
  /** Of a TCP server on the loopback that says nothing. */
  readonly port: number;
  readonly https: HttpsServer;
}

export async function makeStage(t: Owner): Promise<Stage> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).resume();
  });
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 });
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { directory: scratchDirectory(t), port, https: await startHttpsServer(t) };
}

/** An evasion and its twin. */
export function scenesOf(stage: Stage, one: EvasionCase): Scene[] {
  const scenes = [makeScene(stage, one, one.evasion)];
  return one.twin === null ? scenes : [...scenes, makeScene(stage, one, one.twin)];
}

function makeScene({ directory, port, https }: Stage, one: EvasionCase, variant: Variant): Scene {
  const home = join(directory, variant.name);
  const work = join(home, 'work');
  mkdirSync(work, { recursive: true });
  // It keeps its name: a copy under another one would be a disguise itself.
  const shell = join(home, 'bash');
  copyFileSync('/bin/bash', shell);
  mkdirSync(join(home, 'bin'));
  for (const program of programsOf(one)) {
    copyFileSync(program, join(home, 'bin', program.slice(program.lastIndexOf('/') + 1)));
  }
  const agent = `test/evasion/${variant.name}`;
  const ports = { PORT: String(port), ...(one.tls ? { TLS_PORT: String(https.port) } : {}) };
  const env = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: work,
    LC_ALL: 'C',
    WORK: work,
    BIN: join(home, 'bin'),
    CASE: one.folder,
    NODE: process.execPath,
    ...ports,
    ...(one.tls ? { CERT: https.cert, ...LIBRARIES } : {}),
  };
  return {
    of: one,
    variant: withVariables(variant, { WORK: work, ...ports, AGENT: agent }),
    isTwin: variant === one.twin,
    agent,
    rule: { id: agent, match: { exe: [shell] } },
    work,
    command: [shell, variant.script],
    options: { cwd: work, env },
  };
}

/** Files of the system's TLS libraries, looked up here: ldd would be one more deed of the agent. */
const LIBRARIES = {
  LIBSSL: linkedLibrary('/usr/bin/openssl', 'ssl') ?? '',
  LIBGNUTLS: linkedLibrary('/usr/bin/wget', 'gnutls') ?? '',
};

/** Paths of what is compiled for a case. */
function programsOf({ folder, programs, go }: EvasionCase): string[] {
  const own = readdirSync(folder).filter((file) => file.endsWith('.c'));
  return [
    ...own.map((name) => compileProgram(join(folder, name))),
    ...['noop', ...programs].map(compileTrigger),
    ...(go === null ? [] : compileGo(join(folder, go), ['-ldflags=-s -w'])),
  ];
}

/** Starts what is not the agent's, and waits until it says that it is ready. */
export async function startOutside(t: Owner, { variant, options }: Scene): Promise<void> {
  if (variant.outside === null) return;
  const child = startChild(t, ['/bin/bash', variant.outside], {
    ...options,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await ready(child, variant.outside);
}

/** Runs the agent to its end. */
export function runAgent(t: Owner, { command, options }: Scene): Promise<Finished> {
  return runCommand(t, command, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** An agent that does the first part of its script, and the rest when `finish` is called. */
export interface Waiting {
  finish(): Promise<number | null>;
}

export async function startAgent(t: Owner, { command, options, variant }: Scene): Promise<Waiting> {
  const child = startChild(t, command, { ...options, stdio: ['pipe', 'pipe', 'inherit'] });
  await ready(child, variant.script);
  return {
    finish: async () => {
      const ended = once(child, 'exit') as Promise<[number | null]>;
      child.stdin?.end('go\n');
      return (await ended)[0];
    },
  };
}

async function ready(child: ChildProcess, what: string): Promise<void> {
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await waitFor(`${what} to be ready`, () => {
    if (child.exitCode !== null) throw new Error(`${what} ended with ${child.exitCode}`);
    return said.includes('ready\n');
  });
}

/** Puts the values in, and holds every expectation that does not say otherwise to the agent's own records. */
function withVariables(variant: Variant, values: Readonly<Record<string, string>>): Variant {
  const put = (text: string): string =>
    text.replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
  const fill = (expectation: Expectation): Expectation => {
    const entries = Object.entries({ 'agent.id': '${AGENT}', ...expectation.fields });
    const filled = entries
      .filter(([path, value]) => path !== 'agent.id' || value !== 'anybody')
      .map(([path, value]) => [path, typeof value === 'string' ? put(value) : value] as const);
    return { ...expectation, fields: Object.fromEntries(filled) };
  };
  return { ...variant, must: variant.must.map(fill), mustNot: variant.mustNot.map(fill) };
}
