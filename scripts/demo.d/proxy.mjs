#!/usr/bin/env node
/**
 * The sidecar proxy's stand-in: HTTP CONNECT and nothing else. Prints one JSON line when it listens, {"port":N}, and one
 * a tunnel: who asked, and for which host.
 *
 * usage: proxy.mjs ADDRESS PORT
 */
import { createServer } from 'node:http';
import { connect } from 'node:net';

const [address, port] = process.argv.slice(2);

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const server = createServer((_, res) => res.writeHead(405).end());
server.on('connect', (req, client, head) => {
  say({ peer_port: client.remotePort, target: req.url });
  const target = new URL(`tunnel://${req.url}`);
  const upstream = connect(Number(target.port), target.hostname, () => {
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    upstream.write(head);
    client.pipe(upstream).pipe(client);
  });
  upstream.on('error', () => client.destroy());
  client.on('error', () => upstream.destroy());
});
server.listen(Number(port), address, () => say({ port: server.address().port }));
process.on('SIGTERM', () => process.exit(0));
