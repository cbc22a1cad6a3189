import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { followJson, startChild, type Owner } from './children.js';
import { MODEL_ADDRESS, MODEL_HOSTS, type NetworkNamespace } from './network-namespace.js';
import { scratchDirectory } from './scratch.js';
import { waitFor } from './wait.js';

/** One request as the server saw it. */
export interface Request {
  readonly peer_ip: string;
  readonly peer_port: number;
  readonly method: string;
  readonly host: string;
  readonly path: string;
}

export interface ModelServer {
  readonly requests: readonly Request[];
  /** What a client needs in its environment to trust the server's certificate. */
  readonly trust: NodeJS.ProcessEnv;
}

/** A certificate for the model hosts that signs itself. */
export function makeCertificate(t: Owner): { cert: string; key: string } {
  const dir = scratchDirectory(t);
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  const names = [...MODEL_HOSTS.map((host) => `DNS:${host}`), `IP:${MODEL_ADDRESS}`].join(',');
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const subject = ['-days', '2', '-subj', '/CN=test', '-addext', `subjectAltName=${names}`];
  execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert, ...subject], {
    stdio: 'ignore',
  });
  return { cert, key };
}

/** The demo's model server on MODEL_ADDRESS:443, ready when this resolves. */
export async function startModelServer(t: Owner, net: NetworkNamespace): Promise<ModelServer> {
  const { cert, key } = makeCertificate(t);
  const script = 'scripts/demo.d/model-server.mjs';
  const child = startChild(
    t,
    net.inside([process.execPath, script, MODEL_ADDRESS, '443', cert, key]),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines = followJson<Request | { port: number }>(child);
  await waitFor('the model server', () => lines.length > 0);
  return {
    get requests() {
      return lines.filter((line): line is Request => 'peer_port' in line);
    },
    trust: { CURL_CA_BUNDLE: cert, SSL_CERT_FILE: cert, NODE_EXTRA_CA_CERTS: cert },
  };
}
