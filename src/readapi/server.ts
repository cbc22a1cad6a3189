import { chmodSync, chownSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import {
  LineReader,
  MAX_CLIENTS,
  MAX_READERS,
  MAX_REQUEST_BYTES,
  MAX_WAITING_BYTES,
  parseRequest,
} from './protocol.js';
import type { Request } from './protocol.js';
import type { CommittedRecord, ReadSource } from './source.js';

export interface ReaderStats {
  readonly clients: number;
  readonly refused: number;
  /** Clients that were cut off: they did not ask, or did not read, or held a place another one needed. */
  readonly dropped: number;
  readonly invalid: number;
}

/** A client may take this long to ask, to take its answer, and to read on. */
const PATIENCE_MS = 30_000;

interface Client {
  readonly socket: Socket;
  /** It gets records; any other one is about to ask or has its answer, and can be done without. */
  reader: boolean;
  /** The last record a reader has that gets each new one as it comes; null: it is not there yet, or does not want to. */
  live: bigint | null;
}

/** The read socket: mode 0660, one request a connection. */
export class ReadServer {
  readonly #clients = new Set<Client>();
  readonly #server: Server;
  #refused = 0;
  #dropped = 0;
  #invalid = 0;

  constructor(private readonly source: ReadSource) {
    this.#server = createServer((socket) => {
      this.#accept(socket);
    });
  }

  /**
   * The caller holds the lock of this instance, so a socket that is there already is a dead one's. `gid`: the group that
   * may read; null leaves it to the owner's.
   */
  async listen(path: string, gid: number | null): Promise<void> {
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, () => {
        this.#server.removeListener('error', reject);
        resolve();
      });
    });
    chmodSync(path, 0o660);
    if (gid !== null) chownSync(path, -1, gid);
  }

  stats(): ReaderStats {
    return {
      clients: this.#clients.size,
      refused: this.#refused,
      dropped: this.#dropped,
      invalid: this.#invalid,
    };
  }

  /** Behind which record the live readers wait for the next; null when there are none. */
  livePosition(): bigint | null {
    let lowest: bigint | null = null;
    for (const { live } of this.#clients) {
      if (live !== null && (lowest === null || live < lowest)) lowest = live;
    }
    return lowest;
  }

  /** Gives a committed record to every live reader that does not have it. */
  publish(record: CommittedRecord): void {
    let line: string | null = null;
    for (const client of this.#clients) {
      const { socket, live } = client;
      if (live === null || live >= record.seq || socket.destroyed) continue;
      client.live = record.seq;
      socket.write((line ??= recordLine(record)));
      if (socket.writableLength > MAX_WAITING_BYTES) this.#drop(socket);
    }
  }

  /** Ends every connection and removes the socket. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    for (const { socket } of this.#clients) socket.destroySoon();
    await closed;
  }

  #accept(socket: Socket): void {
    if (this.#clients.size >= MAX_CLIENTS) this.#makeRoom();
    const client: Client = { socket, reader: false, live: null };
    this.#clients.add(client);
    socket.on('close', () => this.#clients.delete(client));
    // A reader that goes away in the middle is no event: 'close' follows.
    socket.on('error', () => undefined);
    socket.setTimeout(PATIENCE_MS, () => {
      this.#drop(socket);
    });
    const lines = new LineReader(MAX_REQUEST_BYTES);
    const onData = (chunk: Buffer): void => {
      const found = lines.push(chunk);
      const line = found?.[0];
      if (found !== null && line === undefined) return;
      socket.removeListener('data', onData);
      socket.resume();
      this.#answer(client, line);
    };
    socket.on('data', onData);
  }

  #answer(client: Client, line: string | undefined): void {
    const parsed =
      line === undefined
        ? ({ ok: false, error: `a request has at most ${MAX_REQUEST_BYTES} bytes` } as const)
        : parseRequest(line);
    if (!parsed.ok) {
      this.#invalid++;
      this.#finish(client, { error: parsed.error });
      return;
    }
    this.#serve(client, parsed.request).catch((error: unknown) => {
      this.#finish(client, { error: `it cannot be read: ${String(error)}` });
    });
  }

  async #serve(client: Client, request: Request): Promise<void> {
    if (request.type === 'tail') await this.#tail(client, request.after, request.follow);
    else this.#finish(client, await this.#answerTo(request));
  }

  async #answerTo(request: Exclude<Request, { readonly type: 'tail' }>): Promise<object> {
    switch (request.type) {
      case 'last':
        return { last: Number(this.source.last()) };
      case 'status':
        return { status: this.source.status() };
      case 'agents':
        return { agents: this.source.agents() };
      case 'coverage':
        return { coverage: this.source.coverage() };
      case 'explain':
        return { explain: await this.source.explain(request.pid) };
    }
  }

  async #tail(client: Client, after: bigint, follow: boolean): Promise<void> {
    const { socket } = client;
    if (this.#readers() >= MAX_READERS) {
      this.#refused++;
      this.#finish(client, { error: `more than ${MAX_READERS} readers` });
      return;
    }
    client.reader = true;
    socket.setTimeout(0);
    let position = after;
    do {
      const before = position;
      for await (const record of this.source.read(position)) {
        if (socket.destroyed) return;
        position = record.seq;
        if (!socket.write(recordLine(record))) await this.#drained(socket);
      }
      if (position === before) break;
    } while (position < this.source.last());
    if (follow) client.live = position;
    else this.#finish(client, { last: Number(position) });
  }

  /** Reading the past as slowly as one likes costs only a descriptor, but not for ever. */
  async #drained(socket: Socket): Promise<void> {
    socket.setTimeout(PATIENCE_MS);
    await new Promise<void>((resolve) => {
      const done = (): void => {
        socket.removeListener('drain', done);
        socket.removeListener('close', done);
        resolve();
      };
      socket.on('drain', done);
      socket.on('close', done);
    });
    socket.setTimeout(0);
  }

  /** The last word to a client, which may take it in its time but not for ever. */
  #finish(client: Client, body: unknown): void {
    client.reader = false;
    client.socket.setTimeout(PATIENCE_MS);
    client.socket.end(reply(body));
  }

  #readers(): number {
    return [...this.#clients].filter(({ reader }) => reader).length;
  }

  /** The oldest that only asks goes. There is one: readers never take all places. */
  #makeRoom(): void {
    for (const client of this.#clients) {
      if (client.reader) continue;
      this.#clients.delete(client);
      this.#drop(client.socket);
      return;
    }
  }

  #drop(socket: Socket): void {
    if (socket.destroyed) return;
    this.#dropped++;
    socket.destroy();
  }
}

const reply = (body: unknown): string => `${JSON.stringify(body)}\n`;

const recordLine = ({ seq, bytes }: CommittedRecord): string =>
  reply({
    seq: Number(seq),
    record: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
  });
