#!/usr/bin/env node
/**
 * A language model's door: HTTPS, every POST answered. Prints one JSON line when it listens, {"port":N}, and one a
 * request: whence it came, and what it asked for.
 *
 * usage: model-server.mjs ADDRESS PORT CERT KEY
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const [address, port, cert, key] = process.argv.slice(2);

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const answer = JSON.stringify({
  id: 'demo-1',
  object: 'chat.completion',
  model: 'demo-1',
  choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
});

const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (req, res) => {
  const { remoteAddress, remotePort } = req.socket;
  req.resume();
  req.on('end', () => {
    say({
      peer_ip: remoteAddress,
      peer_port: remotePort,
      method: req.method,
      host: req.headers.host,
      path: req.url,
    });
    res.writeHead(req.method === 'POST' ? 200 : 404, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(answer),
    });
    res.end(answer);
  });
});
server.listen(Number(port), address, () => say({ port: server.address().port }));
process.on('SIGTERM', () => process.exit(0));
