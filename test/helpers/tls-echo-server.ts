import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import type { Owner } from './children.js';
import { makeCertificate } from './model-server.js';

/** A TLS server on 127.0.0.1 that sends back what it gets. */
export async function startTlsEchoServer(t: Owner): Promise<number> {
  const { cert, key } = makeCertificate(t);
  const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}
