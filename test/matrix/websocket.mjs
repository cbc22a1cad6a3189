/**
 * A WebSocket that speaks OpenAI's Responses, as Codex does by itself: a text message {"type":"response.create", ...} is what
 * would be the body of a request, and each event of the answer is a text message back.
 */
import { request as ask } from 'node:http';
import { WebSocketServer } from 'ws';

/** Compressed when the client offers it. */
const server = new WebSocketServer({ noServer: true, perMessageDeflate: true });

/** Takes the WebSocket; what comes is answered by http://127.0.0.1:PORT. */
export function handOnMessages(request, socket, head, port) {
  server.handleUpgrade(request, socket, head, (taken) => {
    taken.on('message', (message) => answer(taken, String(message), { port, path: request.url }));
    taken.on('error', () => taken.terminate());
  });
}

function answer(taken, message, { port, path }) {
  const body = JSON.stringify({ ...JSON.parse(message), stream: true });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const to = { host: '127.0.0.1', port, method: 'POST', path, headers };
  const asked = ask(to, async (response) => {
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    for (const [, event] of text.matchAll(/^data: (.*)$/gm)) taken.send(event);
  });
  asked.on('error', () => taken.terminate());
  asked.end(body);
}
