import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  followJson,
  runCommand,
  startChild,
  type Command,
  type Owner,
} from '../../test/helpers/children.js';
import { makePlace, readAll, startDaemon } from '../../test/helpers/daemon.js';
import type { Line } from '../../test/helpers/line.js';
import {
  makeNetworkNamespace,
  MODEL_HOSTS,
  type NetworkNamespace,
} from '../../test/helpers/network-namespace.js';
import { readKernelSide } from '../../test/helpers/recording.js';
import { scratchDirectory } from '../../test/helpers/scratch.js';
import { waitFor } from '../../test/helpers/wait.js';
import { bytesOf, capturedOf, type Captured } from '../../test/matrix/recorded.js';
import { startMatrixServer, type Connection } from '../../test/matrix/server.js';
import type { Setting } from './catalogue.js';
import type { TlsCase } from './tls-cases.js';
import type { Installed } from './trial.js';

const MODEL = 'build/bench/bench/agents/model.js';
const LONGEST_MS = 45_000;
const HOST = MODEL_HOSTS[0];
const PROMPT = 'Say what programs there are.';
/** A ClientHello that nothing explains is told of two seconds later. */
const SETTLE_MS = 3000;
const REHEARSALS = 3;
/** What the server says last, such as that it goes away, no client reads that has its answer. */
const UNREAD_BYTES = 64;

/** What came of one agent over TLS. */
export interface TlsVerdict {
  readonly title: string;
  readonly version: string;
  /** Connections over which something was asked, by what could be read of them. */
  readonly plaintext: number;
  readonly opaque: number;
  readonly silent: number;
  /** Libraries and versions of HTTP of those connections. */
  readonly libraries: readonly string[];
  readonly protocols: readonly string[];
  readonly bytes: number;
  /** Requests that are in the journal, of those the server was asked. */
  readonly requests: number;
  /** Rules of every finding of the run. */
  readonly findings: readonly string[];
  readonly wrong: readonly string[];
}

type Told = Line & {
  readonly tls?: {
    readonly sni?: string;
    readonly library?: string | null;
    readonly coverage?: string | null;
  };
};

/**
 * The agent, again and again until something of it was read, and then the once that counts: that is in no race with the
 * first look at a file of hundreds of megabytes.
 */
export async function tryOverTls(
  t: Owner,
  { agent, command }: Installed,
  one: TlsCase,
): Promise<TlsVerdict> {
  const net = makeNetworkNamespace(t);
  const port = await startModel(t, net);
  const taken = one.websocket === true ? (['--websocket'] as const) : [];
  const server = await startMatrixServer(t, net, '--before', port, ...taken);
  const file = join(scratchDirectory(t), 'recording');
  const place = makePlace(t, {});
  const daemon = await startDaemon(t, place, '--record', file);
  const live = daemon.follow();
  const once = async (): Promise<Connection[]> => {
    const sinceMs = Date.now();
    await run(t, net, { agent, command }, one, String(server.trust['SSL_CERT_FILE']));
    const mine = (): Connection[] =>
      server.seen.filter(({ opened_ms, paths }) => opened_ms >= sinceMs && paths.length > 0);
    const isSaid = (): boolean => mine().length > 0 && mine().every((it) => isToldOf(live, it));
    await waitFor('what is said of each connection', isSaid, SETTLE_MS).catch(() => undefined);
    return mine();
  };
  for (let rehearsed = 0, isRead = false; rehearsed < REHEARSALS && !isRead; rehearsed++) {
    isRead = (await once()).some((connection) => isReadOn(live, connection));
  }
  const sinceMs = Date.now();
  const connections = await once();
  const settledMs = Date.now() + SETTLE_MS;
  await waitFor('what is told late', () => Date.now() >= settledMs, 2 * SETTLE_MS);
  const code = await daemon.stop();
  if (code !== 0) throw new Error(`the daemon ended with ${String(code)}`);
  const captured = capturedOf(readKernelSide(file).events);
  const lines = (await readAll(t, place)) as Told[];
  const judged = connections.map((connection) => judge(connection, captured, lines));
  const findings = lines
    .filter(({ ts }) => Date.parse(ts) >= sinceMs)
    .flatMap(({ finding }) => finding?.rule ?? []);
  return { title: one.title, version: agent.version, ...summed(judged), findings };
}

const isOn = (line: Line, { peer_ip, peer_port }: Connection): boolean =>
  line.net?.src_ip === peer_ip && line.net.src_port === peer_port;

const isReadOn = (lines: readonly Line[], connection: Connection): boolean =>
  lines.some(
    (line: Told) =>
      line.kind === 'tls_session' && line.tls?.coverage === 'plaintext' && isOn(line, connection),
  );

const isToldOf = (lines: readonly Line[], connection: Connection): boolean =>
  isReadOn(lines, connection) ||
  lines.some((line) => line.finding?.rule === 'coverage.opaque_tls' && isOn(line, connection));

interface Judged {
  readonly outcome: 'plaintext' | 'opaque' | 'silent';
  readonly libraries: readonly string[];
  readonly protocol: string;
  readonly bytes: number;
  readonly requests: number;
  readonly why: string;
}

/** All of its plaintext, or exactly one finding with its name. */
function judge(
  connection: Connection,
  captured: readonly Captured[],
  lines: readonly Told[],
): Judged {
  const mine = lines.filter((line) => isOn(line, connection));
  const findings = mine.filter(({ finding }) => finding?.rule === 'coverage.opaque_tls');
  const libraries = mine.flatMap(({ tls }) => tls?.library ?? []);
  const protocol = connection.alpn ?? 'http/1.1';
  const truth = { write: connection.received, read: connection.sent } as const;
  const wrong: string[] = [];
  let count = 0;
  for (const direction of ['write', 'read'] as const) {
    const bytes = bytesOf(captured, connection.peer_port, direction);
    const whole = Buffer.from(truth[direction], 'base64');
    const length = bytes?.length ?? 0;
    // What the client wrote last may have found nobody any more.
    const isSame = bytes?.subarray(0, whole.length).equals(whole.subarray(0, length)) === true;
    const isAll = length > 0 && whole.length - length <= (direction === 'read' ? UNREAD_BYTES : 0);
    const how = isSame ? '' : ', not what the server saw';
    if (!isSame || !isAll) wrong.push(`${direction}: ${length} of ${whole.length} bytes${how}`);
    count += length;
  }
  const requests = requestsIn(mine, connection, wrong);
  const row = { libraries, protocol, bytes: count, requests };
  const path = connection.paths.join(', ');
  if (findings.length === 0) {
    const why = `${path}: ${wrong.join('; ')}`;
    return { ...row, outcome: wrong.length === 0 ? 'plaintext' : 'silent', why };
  }
  const names = findings.map(({ tls }) => tls?.sni ?? '');
  const isRight = names.length === 1 && names[0] === connection.sni && wrong.length > 0;
  const why = `${path}: found opaque as ${names.join(', ')}; ${wrong.join('; ')}`;
  return { ...row, outcome: isRight ? 'opaque' : 'silent', why };
}

/** How many of what the server was asked have a record. A query is redacted, and looked for without. */
function requestsIn(mine: readonly Told[], { paths }: Connection, wrong: string[]): number {
  const bare = (path = ''): string => path.replace(/\?.*/, '');
  const told = mine.filter(({ kind }) => kind === 'http').map(({ http }) => bare(http?.path));
  const left = [...told];
  for (const path of paths) {
    const at = left.indexOf(bare(path));
    if (at < 0) wrong.push(`no record of ${path}`);
    else left.splice(at, 1);
  }
  if (left.length > 0) wrong.push(`records of ${left.join(', ')}, which nobody asked for`);
  return told.length - left.length;
}

function summed(judged: readonly Judged[]): Omit<TlsVerdict, 'title' | 'version' | 'findings'> {
  const count = (outcome: Judged['outcome']): number =>
    judged.filter((one) => one.outcome === outcome).length;
  const unread = judged.filter(({ outcome }) => outcome !== 'plaintext').map(({ why }) => why);
  return {
    plaintext: count('plaintext'),
    opaque: count('opaque'),
    silent: count('silent'),
    libraries: [...new Set(judged.flatMap(({ libraries }) => libraries))],
    protocols: [...new Set(judged.map(({ protocol }) => protocol))],
    bytes: judged.reduce((sum, { bytes }) => sum + bytes, 0),
    requests: judged.reduce((sum, { requests }) => sum + requests, 0),
    wrong: judged.length === 0 ? ['it asked nothing over TLS'] : unread,
  };
}

/** The model itself, without TLS; the server before it has that. Resolves to its port. */
async function startModel(t: Owner, net: NetworkNamespace): Promise<string> {
  const answers = JSON.stringify([[PROMPT, 'true']]);
  const child = startChild(t, net.inside([process.execPath, MODEL, '--answers', answers]), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = followJson<{ port?: number }>(child);
  return String((await waitFor('the model', () => lines[0])).port);
}

const SYSTEM_STORE = '/etc/ssl/certs/ca-certificates.crt';
/** In the mount namespace that `ip netns exec` makes. */
const WITH_STORE = `mount --bind "$1" ${SYSTEM_STORE} && shift && exec "$@"`;

async function run(
  t: Owner,
  net: NetworkNamespace,
  { agent, command }: Installed,
  one: TlsCase,
  cert: string,
): Promise<void> {
  const home = join(scratchDirectory(t), 'home');
  mkdirSync(join(home, 'tmp'), { recursive: true });
  const setting: Setting = { url: `https://${HOST}`, prompt: PROMPT };
  const env = {
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`,
    ...{ HOME: home, TMPDIR: join(home, 'tmp'), TERM: 'dumb', LANG: 'C.UTF-8' },
    ...agent.env(setting),
    ...one.env(cert),
  };
  execFileSync('git', ['init', '--quiet', home], { env });
  for (const [name, content] of Object.entries(agent.files?.(setting) ?? {})) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), JSON.stringify(content));
  }
  const store = join(home, 'store.crt');
  writeFileSync(store, [SYSTEM_STORE, cert].map((file) => readFileSync(file, 'utf8')).join('\n'));
  const args = one.args?.(setting) ?? agent.args(setting);
  const whole: Command = one.inSystemStore
    ? ['sh', '-c', WITH_STORE, 'sh', store, command, ...args]
    : [command, ...args];
  await runCommand(t, net.inside(whole), {
    // A group of its own: a launcher that is killed leaves what it launched.
    ...{ cwd: home, env, stdio: ['ignore', 'ignore', 'ignore'], detached: true },
    begun: async (child) => {
      const ends = setTimeout(() => process.kill(-Number(child.pid), 'SIGKILL'), LONGEST_MS);
      child.once('exit', () => {
        clearTimeout(ends);
      });
    },
  });
}
