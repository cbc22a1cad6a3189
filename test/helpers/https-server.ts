import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Owner } from './children.js';
import { makeCertificate } from './model-server.js';

/** How long whoever asks for `/slow...` waits for the answer: longer than any rule waits for plaintext. */
const SLOW_MS = 3000;

export interface Asked {
  readonly peerPort: number;
  /** As the client sent it; null: it named nobody. */
  readonly sni: string | null;
  readonly path: string;
  readonly bodyBytes: number;
}

export interface HttpsServer {
  readonly port: number;
  /** PEM file of the certificate, which signs itself. */
  readonly cert: string;
  readonly asked: readonly Asked[];
}

/** HTTPS (1.1) on 127.0.0.1 that answers everything with 200, once it has read it all. */
export async function startHttpsServer(t: Owner): Promise<HttpsServer> {
  const { cert, key } = makeCertificate(t);
  const asked: Asked[] = [];
  const pem = { cert: readFileSync(cert), key: readFileSync(key) };
  const server = createServer(pem, (request, response) => {
    let bodyBytes = 0;
    request.on('data', (chunk: Buffer) => (bodyBytes += chunk.length));
    request.on('end', () => {
      const { servername, remotePort } = request.socket as {
        servername?: unknown;
        remotePort?: number;
      };
      const path = request.url ?? '';
      const sni = typeof servername === 'string' && servername !== '' ? servername : null;
      asked.push({ peerPort: remotePort ?? 0, sni, path, bodyBytes });
      void delay(path.startsWith('/slow') ? SLOW_MS : 0).then(() => {
        response.writeHead(200, { 'content-type': 'text/plain' }).end(`answer to ${path}`);
      });
    });
  });
  server.on('tlsClientError', (_, socket) => socket.destroy());
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 });
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, cert, asked };
}
