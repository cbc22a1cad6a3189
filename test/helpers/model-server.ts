import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
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

/**
 * A certificate for the model hosts, and behind it in the same file that of the authority which signed it: what a server
 * sends, and what a client is told to trust.
 */
export function makeCertificate(t: Owner): { cert: string; key: string } {
  const dir = scratchDirectory(t);
  const file = (name: string): string => join(dir, name);
  const make = (name: string, ...args: string[]): string => {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const out = ['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`), '-days', '2'];
    execFileSync('openssl', ['req', '-x509', ...curve, ...out, ...args], { stdio: 'ignore' });
    return readFileSync(file(`${name}.pem`), 'utf8');
  };
  const names = [...MODEL_HOSTS.map((host) => `DNS:${host}`), `IP:${MODEL_ADDRESS}`].join(',');
  const authority = make('authority', '-subj', '/CN=test authority');
  const signed = ['-CA', file('authority.pem'), '-CAkey', file('authority.key')];
  const extensions = [`subjectAltName=${names}`, 'basicConstraints=CA:FALSE'];
  const added = extensions.flatMap((one) => ['-addext', one]);
  // Without the system's configuration, which would call this one an authority, too: rustls refuses such a server.
  const own = make('server', '-config', '/dev/null', ...signed, '-subj', '/CN=test', ...added);
  writeFileSync(file('cert.pem'), `${own}${authority}`);
  return { cert: file('cert.pem'), key: file('server.key') };
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
