import { once } from 'node:events';
import {
  connect,
  constants,
  createServer,
  type ClientHttp2Session,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
  type Settings,
} from 'node:http2';
import { connect as connectTcp, createServer as createTcpServer, type AddressInfo } from 'node:net';
import type { Server } from 'node:net';
import type { Direction } from '../../../src/http/index.js';

/** What went over a connection, and what was asked and answered on it, without ids and in the order of the answers. */
export interface Recording {
  readonly wire: readonly (readonly [Direction, Uint8Array])[];
  readonly truth: readonly string[];
}

interface Ask {
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string;
}

const PADDING = constants.PADDING_STRATEGY_MAX;
const AUTHORITY = 'api.example.com';

const get = (path: string, more: OutgoingHttpHeaders = {}): Ask => ({
  headers: { ':path': path, ':authority': AUTHORITY, ...more },
});
const post = (path: string, body: string): Ask => ({
  headers: { ':method': 'POST', ':path': path, ':authority': AUTHORITY },
  body,
});

/** One after another, so that the order is known: requests, and how client and server have set themselves up. */
const SCENES: Readonly<Record<string, { asks: readonly Ask[]; settings?: Settings }>> = {
  'paths, hosts and statuses': {
    asks: [
      get('/a?q=1'),
      get('/a?q=1'),
      get('/status/404', { ':authority': 'API.Example.COM:8443' }),
      get('/status/307', { ':method': 'HEAD' }),
      post('/v1/messages', '{"model":"demo-1"}'),
      get('/early'),
      get('/trailers'),
      get(`/with/${'long'.repeat(300)}`),
      post('/large', 'x'.repeat(50_000)),
      get('/a?q=1', { authorization: 'Bearer a-secret-that-is-nobodys' }),
    ],
  },
  'hosts that come again by their numbers': {
    asks: [1, 2, 3, 1, 2, 3, 3, 2, 1, 1].map((n) => get(`/${n}`, { ':authority': `${n}.test` })),
  },
  'heads of several frames': {
    asks: [get('/first', { 'x-many': 'abcdefgh'.repeat(5000) }), get('/second')],
  },
  'a table of no fields': { asks: [get('/x'), get('/x')], settings: { headerTableSize: 0 } },
  'a table of few': {
    asks: Array.from({ length: 12 }, (_, i) => get(`/${i}`, { 'x-fill': `${i}`.repeat(40) })),
    settings: { headerTableSize: 200 },
  },
};

export async function recordAll(): Promise<Record<string, Recording>> {
  const all: Record<string, Recording> = {};
  for (const [name, { asks, settings = {} }] of Object.entries(SCENES)) {
    all[name] = await record(asks, settings);
  }
  return all;
}

async function record(asks: readonly Ask[], settings: Settings): Promise<Recording> {
  const server = createServer({ settings, paddingStrategy: PADDING });
  server.on('stream', answer);
  const wire: [Direction, Uint8Array][] = [];
  const tap = createTcpServer((near) => {
    const far = connectTcp(portOf(server), '127.0.0.1');
    near.on('data', (bytes) => wire.push(['write', bytes]) && far.write(bytes));
    far.on('data', (bytes) => wire.push(['read', bytes]) && near.write(bytes));
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  for (const one of [server, tap]) await once(one.listen(0, '127.0.0.1'), 'listening');
  const client = connect(`http://127.0.0.1:${portOf(tap)}`, { settings, paddingStrategy: PADDING });
  await once(client, 'remoteSettings');
  const truth: string[] = [];
  for (const one of asks) truth.push(await ask(client, one));
  client.close();
  await once(client, 'close');
  for (const one of [server, tap]) await once(one.close(), 'close');
  return { wire, truth };
}

async function ask(client: ClientHttp2Session, { headers, body }: Ask): Promise<string> {
  const stream = client.request(headers);
  const responded = once(stream, 'response') as Promise<[{ ':status'?: number }]>;
  stream.end(body);
  const [head] = await responded;
  stream.resume();
  await once(stream, 'close');
  const { ':method': method = 'GET', ':path': path, ':authority': authority } = headers;
  const host = String(authority).replace(/:\d+$/, '').toLowerCase();
  return `${String(method)} ${String(path)} ${host} ${head[':status'] ?? 0}`;
}

function answer(
  stream: ServerHttp2Stream,
  headers: { ':path'?: string; ':method'?: string },
): void {
  const path = headers[':path'] ?? '';
  const status = Number(/^\/status\/(\d+)$/.exec(path)?.[1] ?? 200);
  stream.resume();
  stream.on('end', () => {
    if (path === '/early') stream.additionalHeaders({ ':status': 103, link: '</style.css>' });
    const waitForTrailers = path === '/trailers';
    stream.on('wantTrailers', () => {
      stream.sendTrailers({ 'x-checksum': 'abc' });
    });
    stream.respond({ ':status': status, 'content-type': 'text/plain' }, { waitForTrailers });
    if (headers[':method'] !== 'HEAD') stream.end(`answer to ${path.slice(0, 50)}`);
  });
}

const portOf = (server: { address(): ReturnType<Server['address']> }): number =>
  (server.address() as AddressInfo).port;
