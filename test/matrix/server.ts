import { createHash } from 'node:crypto';
import { followJson, startChild, type Owner } from '../helpers/children.js';
import { makeCertificate } from '../helpers/model-server.js';
import { MODEL_ADDRESS, type NetworkNamespace } from '../helpers/network-namespace.js';
import { waitFor } from '../helpers/wait.js';

/** A connection that has ended, as the server saw it. */
export interface Connection {
  readonly peer_ip: string;
  readonly peer_port: number;
  /** When its handshake was over; Unix time. */
  readonly opened_ms: number;
  /** null: the client named nobody. */
  readonly sni: string | null;
  readonly alpn: string | null;
  readonly paths: readonly string[];
  /** Plaintext, base64. */
  readonly received: string;
  readonly sent: string;
}

export interface BriefRequest {
  readonly peer_port: number;
  readonly path: string;
}

export interface MatrixServer<T> {
  readonly seen: readonly T[];
  /** What a client needs in its environment to trust the server's certificate. */
  readonly trust: NodeJS.ProcessEnv;
}

/** test/matrix/server.mjs on MODEL_ADDRESS:443, ready when this resolves. */
export async function startMatrixServer(
  t: Owner,
  net: NetworkNamespace,
): Promise<MatrixServer<Connection>>;
export async function startMatrixServer(
  t: Owner,
  net: NetworkNamespace,
  mode: '--brief',
): Promise<MatrixServer<BriefRequest>>;
export async function startMatrixServer(
  t: Owner,
  net: NetworkNamespace,
  mode: '--before',
  port: string,
  ...websocket: '--websocket'[]
): Promise<MatrixServer<Connection>>;
export async function startMatrixServer(
  t: Owner,
  net: NetworkNamespace,
  ...mode: string[]
): Promise<MatrixServer<unknown>> {
  const { cert, key } = makeCertificate(t);
  const command = [process.execPath, 'test/matrix/server.mjs', MODEL_ADDRESS, '443', cert, key];
  const [program = '', ...args] = [...command, ...mode];
  const child = startChild(t, net.inside([program, ...args]), {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH },
  });
  const lines = followJson<object>(child);
  await waitFor('the server', () => lines.length > 0);
  return {
    get seen() {
      return lines.filter((line) => 'peer_port' in line);
    },
    trust: { CURL_CA_BUNDLE: cert, SSL_CERT_FILE: cert, NODE_EXTRA_CA_CERTS: cert },
  };
}

/** What the server's answer to a path holds. */
export const answerTo = (path: string): string => createHash('sha256').update(path).digest('hex');
