import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import * as tls from 'node:tls';
import { promisify } from 'node:util';

const LOOPBACK = '127.0.0.1';

/** Runs a program that does nothing. */
export const runProgram = async (): Promise<void> => {
  await promisify(execFile)('/bin/true', ['watchfloor-doctor']);
};

/** A TCP connection to a listener of our own. */
export const connectTcp = async (): Promise<void> => {
  const server = createServer((peer) => peer.end());
  const socket = connect(await listenAnywhere(server), LOOPBACK);
  socket.resume();
  await once(socket, 'close');
  server.close();
};

/** A question for the address of `watchfloor.invalid`, RFC 1035 section 4.1. */
const QUESTION = Buffer.concat([
  Buffer.from([0x57, 0x46, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
  Buffer.from('\x0awatchfloor\x07invalid\0', 'latin1'),
  Buffer.from([0, 1, 0, 1]),
]);

/** One datagram to this host. Whether anybody takes it does not matter. */
export const sendDatagram = async (port: number): Promise<void> => {
  const socket = createSocket('udp4');
  // The answer may be that nobody listens there.
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    socket.send(QUESTION, port, LOOPBACK, () => {
      resolve();
    });
  });
  socket.close();
};

/** A TLS connection between two ends in this process; a shared key stands in for a certificate. */
export const talkTls = async (): Promise<void> => {
  const psk = Buffer.alloc(32, 1);
  const shared = { ciphers: 'PSK-AES256-GCM-SHA384', maxVersion: 'TLSv1.2' } as const;
  const server = tls.createServer({ ...shared, pskCallback: () => psk }, (peer) => {
    peer.on('data', () => peer.end('pong'));
  });
  const socket = tls.connect({
    ...shared,
    host: LOOPBACK,
    port: await listenAnywhere(server),
    pskCallback: () => ({ psk, identity: 'doctor' }),
    checkServerIdentity: () => undefined,
  });
  socket.resume();
  socket.write('ping');
  await once(socket, 'close');
  server.close();
};

const listenAnywhere = async (server: Server): Promise<number> => {
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};
