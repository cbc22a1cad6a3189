import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { Owner } from './children.js';

/** One line of connect-ways. */
export interface Way {
  readonly way: string;
  readonly pid: number;
  readonly local_ip: string;
  readonly local_port: number;
  readonly remote_ip: string;
  readonly remote_port: number;
  readonly errno: number;
}

/** Reads until the other side ends, then ends. Gives every peer's port, and its own where none is wanted. */
export async function startSinkServer(
  t: Owner,
  address: string,
  wanted = 0,
): Promise<{ port: number; peers: readonly number[] }> {
  const peers: number[] = [];
  const server = createServer((socket) => {
    peers.push(socket.remotePort ?? 0);
    socket.resume().on('error', () => socket.destroy());
  });
  server.listen(wanted, address);
  await once(server, 'listening');
  t.teardown(() => server.close());
  return { port: (server.address() as AddressInfo).port, peers };
}
