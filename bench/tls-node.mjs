/* global setImmediate, setInterval */
/**
 * Node's own TLS, both ends in this process over a pair of memory streams: one message at a time, RATE a second, each
 * checked. Prints the microseconds of one write and its reads, p50: a watcher that is overrun loses events, and those
 * cost less.
 *
 * usage: tls-node.mjs CERT KEY SIZE COUNT RATE
 *        tls-node.mjs idle 0          an agent that does nothing, so that Node stays probed
 */
import { readFileSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { connect, createSecureContext, TLSSocket } from 'node:tls';

if (process.argv[2] === 'idle') {
  await new Promise(() => setInterval(() => undefined, 60_000));
}
const [certPath, keyPath, ...numbers] = process.argv.slice(2);
const [size, count, rate] = numbers.map(Number);
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
const took = [];
let [number, received, bad, start, sent] = [0, 0, 0, 0n, 0n];

function send() {
  if (number === count) return finish();
  if (process.hrtime.bigint() < start + BigInt(Math.round((number * 1e9) / rate)))
    return setImmediate(send);
  message.writeUInt32LE(number, 0);
  message.writeUInt32LE(~number >>> 0, size - 4);
  sent = process.hrtime.bigint();
  client.write(message);
}

server.on('data', (chunk) => {
  if (received === 0 && chunk.readUInt32LE(0) !== number) bad += 1;
  received += chunk.length;
  if (received < size) return;
  if (received > size || chunk.readUInt32LE(chunk.length - 4) !== ~number >>> 0) bad += 1;
  received = 0;
  if (number >= WARM) took.push(Number(process.hrtime.bigint() - sent) / 1000);
  number += 1;
  setImmediate(send);
});
client.on('secureConnect', () => {
  start = process.hrtime.bigint();
  send();
});

function finish() {
  const us = took.sort((x, y) => x - y)[Math.floor(took.length / 2)];
  console.log(JSON.stringify({ pid: process.pid, size, done: number, bad, us_per_op: us }));
  process.exit(bad === 0 ? 0 : 1);
}
