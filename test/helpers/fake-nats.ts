import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import type { Owner } from './children.js';

const INFO = { server_id: 'X', version: '2.9.10', proto: 1, headers: true, max_payload: 1 << 20 };

export const infoLine = (more: object = {}): string =>
  `INFO ${JSON.stringify({ ...INFO, ...more })}\r\n`;

/** A server of the test's own, which says what the test wants to each that connects. Gives its URL. */
export async function fakeServer(t: Owner, serve: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `nats://127.0.0.1:${address.port}`;
}

/** Plays a server far enough that the client is connected, then does what the test wants. */
export function welcome(socket: Socket, then: (socket: Socket) => void): void {
  socket.write(infoLine());
  let seen = '';
  const answer = (chunk: Buffer): void => {
    seen += chunk.toString('latin1');
    if (!seen.includes('PING\r\n')) return;
    socket.off('data', answer);
    socket.resume();
    socket.write('PONG\r\n');
    then(socket);
  };
  socket.on('data', answer);
}

/** A message that a client published to the fake server. */
export interface Published {
  readonly subject: string;
  readonly reply: string;
  /** Nats-Msg-Id, empty without. */
  readonly id: string;
  /** How many were published before it, over all connections. */
  readonly index: number;
}

/** What a server that stores nothing says to what is published: bodies for the reply subject, none for no answer. */
export type Answer = (published: Published) => readonly string[];

const LINE = /^(PING|PUB|HPUB|SUB)\b(?: ([^\r]*))?\r\n/;

/** A broker in forty lines: it understands enough to lie. */
export function fakeBroker(t: Owner, answer: Answer): Promise<string> {
  let index = 0;
  return fakeServer(t, (socket) => {
    const subscriptions: { readonly prefix: string; readonly sid: string }[] = [];
    let buffer = Buffer.alloc(0);
    const say = (subject: string, body: string): void => {
      const found = subscriptions.find(({ prefix }) => subject.startsWith(prefix));
      const bytes = Buffer.byteLength(body);
      if (found) socket.write(`MSG ${subject} ${found.sid} ${bytes}\r\n${body}\r\n`);
    };
    const publish = (subject: string, reply: string, payload: string): void => {
      const id = /Nats-Msg-Id: (\S+)/.exec(payload)?.[1] ?? '';
      for (const body of answer({ subject, reply, id, index: (index += 1) - 1 })) say(reply, body);
    };
    /** One operation out of the buffer; false: it is not whole. */
    const step = (): boolean => {
      const end = buffer.indexOf('\r\n') + 2;
      if (end < 2) return false;
      const line = buffer.subarray(0, end).toString('latin1');
      const [, verb, rest = ''] = LINE.exec(line) ?? [];
      const words = rest.split(' ');
      const bytes = verb === 'PUB' || verb === 'HPUB' ? Number(words.at(-1)) + 2 : 0;
      if (buffer.length < end + bytes) return false;
      const payload = buffer.subarray(end, end + bytes).toString('latin1');
      buffer = buffer.subarray(end + bytes);
      if (verb === 'PING') socket.write('PONG\r\n');
      else if (verb === 'SUB')
        subscriptions.push({ prefix: (words[0] ?? '').replace('*', ''), sid: words.at(-1) ?? '' });
      else if (bytes > 0) publish(words[0] ?? '', words[1] ?? '', payload);
      return true;
    };
    socket.write(infoLine());
    socket.on('data', (chunk: Buffer) => {
      buffer = Buffer.concat([buffer, chunk]);
      while (step());
    });
  });
}
