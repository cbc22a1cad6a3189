/**
 * A TLS server for the matrix: HTTP/2 and HTTP/1.1 by ALPN, and it remembers every byte of both directions as it was
 * before and behind its own TLS. Prints {"port":N} when it listens, and one JSON line a connection that has ended:
 * whence it came, the name it asked for, and what was said. A path that begins with /hold is never answered.
 *
 * usage: server.mjs ADDRESS PORT CERT KEY [--brief | --before PORT [--websocket]]
 *
 * --brief: one line a request, without bytes. --before: requests are handed on to http://127.0.0.1:PORT. A WebSocket is
 * refused with 426, or with --websocket taken, as it comes compressed: each message is a request of its own.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createHttp1, request as ask } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import { Duplex } from 'node:stream';
import { createServer } from 'node:tls';
import { handOnMessages } from './websocket.mjs';

const [address, port, cert, key, mode, upstream, websocket] = process.argv.slice(2);
const isBrief = mode === '--brief';
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** A TLS socket that keeps what goes through it. */
class Witness extends Duplex {
  constructor(socket) {
    super({ allowHalfOpen: true });
    this.socket = socket;
    this.received = [];
    this.sent = [];
    this.paths = [];
    socket.on('data', (bytes) => {
      // A copy: a WebSocket takes its mask off where it lies.
      if (!isBrief) this.received.push(Buffer.from(bytes));
      if (!this.push(bytes)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', () => this.destroy());
    socket.on('close', () => this.destroy());
  }
  get remoteAddress() {
    return this.socket.remoteAddress;
  }
  get remotePort() {
    return this.socket.remotePort;
  }
  _read() {
    this.socket.resume();
  }
  _write(bytes, _, done) {
    if (!isBrief) this.sent.push(bytes);
    this.socket.write(bytes, () => done());
  }
  _final(done) {
    this.socket.end(done);
  }
  _destroy(error, done) {
    this.socket.destroy();
    done(error);
  }
}

/** What the answer holds: it follows from the path, and is nowhere in the request. */
const answerTo = (path) => createHash('sha256').update(path).digest('hex');

/** What may not go from one kind of connection to another (RFC 9113 8.2.2). */
const OF_CONNECTION =
  /^(:.*|connection|keep-alive|transfer-encoding|upgrade|host|content-length)$/i;
const withoutConnection = (headers) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_CONNECTION.test(name)));

/** Answered by another server. */
function handOn(request, response) {
  const { method, url: path, headers } = request;
  witnessOf(request).paths.push(path);
  const to = { host: '127.0.0.1', port: Number(upstream), method, path };
  const asked = ask({ ...to, headers: withoutConnection(headers) }, (answer) => {
    response.writeHead(answer.statusCode, withoutConnection(answer.headers));
    answer.pipe(response);
  });
  asked.on('error', () => response.writeHead(502).end());
  request.pipe(asked);
}

const witnessOf = (request) =>
  request.stream === undefined ? request.socket : request.stream.session.witness;

function serve(request, response) {
  if (upstream !== undefined) return handOn(request, response);
  request.resume();
  request.on('end', () => {
    const witness = witnessOf(request);
    witness.paths.push(request.url);
    if (isBrief) say({ peer_port: witness.remotePort, path: request.url });
    if (request.url.startsWith('/hold')) return;
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end(`${answerTo(request.url)}\n`);
  });
}

const http1 = createHttp1({ keepAlive: true }, serve);
http1.on('upgrade', (request, socket, head) => {
  socket.paths.push(request.url);
  if (websocket !== undefined) return handOnMessages(request, socket, head, Number(upstream));
  socket.end('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
});
const http2 = createHttp2(serve);
let latest = null;
// The session is made within emit('connection'): it is of that socket.
http2.on('session', (session) => (session.witness = latest));

const server = createServer(
  { cert: readFileSync(cert), key: readFileSync(key), ALPNProtocols: ['h2', 'http/1.1'] },
  (socket) => {
    const { remoteAddress, remotePort, alpnProtocol, servername } = socket;
    const witness = new Witness(socket);
    // A head and a body in two writes would wait 40 ms for an acknowledgement between them.
    socket.setNoDelay(true);
    const opened_ms = Date.now();
    socket.once('close', () => {
      if (isBrief) return;
      say({
        peer_ip: remoteAddress,
        peer_port: remotePort,
        opened_ms,
        sni: typeof servername === 'string' && servername !== '' ? servername : null,
        alpn: alpnProtocol === false ? null : alpnProtocol,
        paths: witness.paths,
        received: Buffer.concat(witness.received).toString('base64'),
        sent: Buffer.concat(witness.sent).toString('base64'),
      });
    });
    latest = witness;
    (alpnProtocol === 'h2' ? http2 : http1).emit('connection', witness);
  },
);
server.on('tlsClientError', (_, socket) => socket.destroy());
server.listen({ host: address, port: Number(port), backlog: 4096 }, () =>
  say({ port: server.address().port }),
);
