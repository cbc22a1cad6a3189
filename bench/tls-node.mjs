/* global setImmediate, setInterval */
/**
 * Node's own TLS, both ends in this process over a pair of memory streams: one message at a time, each checked. Prints the
 * microseconds of one write and its reads.
 *
 * usage: tls-node.mjs CERT KEY SIZE COUNT
 *        tls-node.mjs idle 0          an agent that does nothing, so that Node stays probed
 */
import { readFileSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { connect, createSecureContext, TLSSocket } from 'node:tls';

if (process.argv[2] === 'idle') {
  await new Promise(() => setInterval(() => undefined, 60_000));
}
const [certPath, keyPath, sizeText, countText] = process.argv.slice(2);
const [size, count] = [Number(sizeText), Number(countText)];
const WARM = Math.min(500, Math.floor(count / 10));

class End extends Duplex {
  other = null;
  _read() {}
  _write(chunk, _, done) {
    this.other.push(chunk);
    done();
  }
}

const [a, b] = [new End(), new End()];
[a.other, b.other] = [b, a];
const [cert, key] = [readFileSync(certPath), readFileSync(keyPath)];
const server = new TLSSocket(b, {
  isServer: true,
  secureContext: createSecureContext({ cert, key }),
});
const client = connect({ socket: a, ca: cert, servername: 'api.openai.com' });

const message = Buffer.alloc(size);
let [number, received, bad, start] = [0, 0, 0, 0n];

function send() {
  if (number === WARM) start = process.hrtime.bigint();
  if (number === count) return finish();
  message.writeUInt32LE(number, 0);
  message.writeUInt32LE(~number >>> 0, size - 4);
  client.write(message);
}

server.on('data', (chunk) => {
  if (received === 0 && chunk.readUInt32LE(0) !== number) bad += 1;
  received += chunk.length;
  if (received < size) return;
  if (received > size || chunk.readUInt32LE(chunk.length - 4) !== ~number >>> 0) bad += 1;
  received = 0;
  number += 1;
  setImmediate(send);
});
client.on('secureConnect', send);

function finish() {
  const us = Number(process.hrtime.bigint() - start) / 1000 / (count - WARM);
  console.log(JSON.stringify({ pid: process.pid, size, done: number, bad, us_per_op: us }));
  process.exit(bad === 0 ? 0 : 1);
}
