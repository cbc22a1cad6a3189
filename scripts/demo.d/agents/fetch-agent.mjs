/**
 * An agent in Node: asks the model once with the built-in fetch and prints the status.
 *
 * usage: fetch-agent.mjs through|around URL
 */
/* global fetch, Response */
import { request } from 'node:http';
import { connect } from 'node:tls';

const [way, url] = process.argv.slice(2);

/** A TLS connection inside a CONNECT tunnel of HTTPS_PROXY, in the form undici asks a connector for. */
function connectThroughProxy({ hostname, port }, done) {
  const target = `${hostname}:${port || 443}`;
  const tunnel = request(process.env.HTTPS_PROXY, { method: 'CONNECT', path: target });
  tunnel.once('error', (error) => done(error, null));
  tunnel.once('connect', (response, socket) => {
    if (response.statusCode !== 200) return done(new Error(`proxy: ${response.statusCode}`), null);
    const tls = connect({ socket, servername: hostname, ALPNProtocols: ['http/1.1'] });
    tls.once('error', (error) => done(error, null));
    tls.once('secureConnect', () => done(null, tls));
  });
  tunnel.end();
}

/** fetch knows no proxy before Node 24: the class of its own dispatcher takes a connector, so nothing is installed. */
function proxyDispatcher() {
  void new Response();
  const { constructor: Agent } = globalThis[Symbol.for('undici.globalDispatcher.1')];
  return new Agent({ connect: connectThroughProxy });
}

const response = await fetch(url, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'demo-1', messages: [{ role: 'user', content: 'hello' }] }),
  ...(way === 'through' ? { dispatcher: proxyDispatcher() } : {}),
});
await response.text();
console.log(response.status);
process.exit(0);
