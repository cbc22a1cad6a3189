import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Owner } from './children.js';

/** What the broker does with a message that should be stored. It stores none. */
export interface Lies {
  /** `stored`: says it is stored; `silent`: nothing; `garbage`: something that is no acknowledgement. */
  ack: 'stored' | 'silent' | 'garbage';
  /** How much later it says so. */
  ackAfterMs: number;
  /** Bytes of nonsense in the INFO that opens a connection. */
  infoBytes: number;
}

const CRLF = '\r\n';
/** Of JetStream's errors. */
const STREAM_NOT_FOUND = { code: 404, err_code: 10059, description: 'stream not found' };
const NO_MESSAGE = { code: 404, err_code: 10037, description: 'no message found' };

/** Speaks enough of NATS and JetStream to be believed, and keeps nothing of what it acknowledges. */
export class LyingBroker {
  readonly lies: Lies = { ack: 'stored', ackAfterMs: 0, infoBytes: 0 };
  /** Messages it was given to store. */
  taken = 0;
  private readonly streams = new Map<string, object>();
  private readonly clients = new Set<Client>();

  private constructor(private readonly listener: Server) {}

  static async start(t: Owner, lies: Partial<Lies> = {}): Promise<LyingBroker> {
    const listener = createServer();
    const broker = new LyingBroker(listener);
    Object.assign(broker.lies, lies);
    listener.on('connection', (socket) => {
      broker.take(socket);
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    t.teardown(() => {
      listener.close();
      for (const { socket } of broker.clients) socket.destroy();
    });
    return broker;
  }

  get port(): number {
    return (this.listener.address() as AddressInfo).port;
  }

  /** Sends these bytes to everybody, in the middle of whatever it was saying. */
  say(bytes: Uint8Array): void {
    for (const { socket } of this.clients) socket.write(bytes);
  }

  private take(socket: Socket): void {
    const client = new Client(socket, (subject, reply, payload) => {
      this.onMessage(subject, reply, payload);
    });
    this.clients.add(client);
    socket.on('error', () => undefined);
    socket.on('close', () => this.clients.delete(client));
    const info = { server_id: 'LIAR', version: '2.9.10', proto: 1, headers: true, jetstream: true };
    const padding = 'x'.repeat(this.lies.infoBytes);
    socket.write(`INFO ${JSON.stringify({ ...info, max_payload: 1 << 20, padding })}${CRLF}`);
  }

  private onMessage(subject: string, reply: string, payload: Buffer): void {
    const [, , scope = '', verb = '', ...name] = subject.split('.');
    if (subject.startsWith('$JS.API.')) {
      this.deliver(reply, JSON.stringify(this.answer(scope, verb, name.join('.'), payload)));
      return;
    }
    this.deliver(subject, payload);
    if (reply !== '') this.store(subject, reply);
  }

  private store(subject: string, reply: string): void {
    this.taken += 1;
    const stream = subject.startsWith('assembly.') ? 'AUDIT' : 'WATCHFLOOR';
    const { ack, ackAfterMs } = this.lies;
    if (ack === 'silent') return;
    const text = JSON.stringify({ stream, seq: this.taken });
    const said = ack === 'stored' ? text : '\0\xff{"seq":-1e999,"stream":[[[[';
    if (ackAfterMs === 0) this.deliver(reply, said);
    else setTimeout(this.deliver.bind(this, reply, said), ackAfterMs).unref();
  }

  private answer(scope: string, verb: string, name: string, payload: Buffer): object {
    if (scope !== 'STREAM') return { error: STREAM_NOT_FOUND };
    if (verb === 'CREATE') this.streams.set(name, JSON.parse(payload.toString()) as object);
    if (verb === 'MSG') return { error: NO_MESSAGE };
    const config = this.streams.get(name);
    const state = { messages: this.taken, bytes: 0, first_seq: 1, last_seq: this.taken };
    return config === undefined
      ? { error: STREAM_NOT_FOUND }
      : { config, state: { ...state, consumer_count: 0 }, created: '2026-01-01T00:00:00Z' };
  }

  private deliver(subject: string, payload: string | Buffer): void {
    for (const client of this.clients) client.deliver(subject, payload);
  }
}

/** One connection: reads the client's half of the protocol. */
class Client {
  private readonly subscriptions = new Map<string, string>();
  private rest: Buffer = Buffer.alloc(0);

  constructor(
    readonly socket: Socket,
    private readonly onMessage: (subject: string, reply: string, payload: Buffer) => void,
  ) {
    socket.on('data', (piece: Buffer) => {
      this.rest = Buffer.concat([this.rest, piece]);
      while (this.readOne());
    });
  }

  deliver(subject: string, payload: string | Buffer): void {
    const bytes = Buffer.from(payload as string, 'latin1');
    for (const [sid, pattern] of this.subscriptions) {
      if (!matches(pattern, subject)) continue;
      this.socket.write(`MSG ${subject} ${sid} ${bytes.length}${CRLF}`);
      this.socket.write(bytes);
      this.socket.write(CRLF);
    }
  }

  /** False: there is no whole command. */
  private readOne(): boolean {
    const end = this.rest.indexOf(CRLF);
    if (end < 0) return false;
    const words = this.rest.toString('latin1', 0, end).split(' ');
    const verb = (words[0] ?? '').toUpperCase();
    const published = verb === 'PUB' || verb === 'HPUB';
    const size = published ? Number(words.at(-1)) : 0;
    const next = end + CRLF.length + (published ? size + CRLF.length : 0);
    if (this.rest.length < next) return false;
    const content = this.rest.subarray(end + CRLF.length, end + CRLF.length + size);
    this.rest = this.rest.subarray(next);
    this.on(verb, words, content);
    return true;
  }

  private on(verb: string, words: readonly string[], content: Buffer): void {
    const [, subject = '', reply = ''] = words;
    const numbers = verb === 'HPUB' ? 2 : 1;
    const hasReply = words.length === 3 + numbers;
    const headerBytes = verb === 'HPUB' ? Number(words.at(-2)) : 0;
    if (verb === 'PING') this.socket.write(`PONG${CRLF}`);
    else if (verb === 'SUB') this.subscriptions.set(words.at(-1) ?? '', subject);
    else if (verb === 'UNSUB' && words.length === 2) this.subscriptions.delete(subject);
    else if (verb === 'PUB' || verb === 'HPUB') {
      this.onMessage(subject, hasReply ? reply : '', content.subarray(headerBytes));
    }
  }
}

function matches(pattern: string, subject: string): boolean {
  const tokens = subject.split('.');
  const wanted = pattern.split('.');
  if (wanted.at(-1) === '>') {
    wanted.pop();
    if (tokens.length <= wanted.length) return false;
    tokens.length = wanted.length;
  }
  return (
    tokens.length === wanted.length &&
    wanted.every((want, index) => want === '*' || want === tokens[index])
  );
}
