import { connect as connectTcp, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions } from 'nats';
import type { Transport } from 'nats/lib/nats-base-client/internal_mod.js';
import type { TlsFiles } from './auth.js';
import { classify, LinkFailure } from './failure.js';
import { parseInfo, ProtocolGuard } from './guard.js';

/** As long as a line may be, guard.ts. */
const MAX_INFO_BYTES = 64 * 1024;
/** Writes that the server has not read, such as answers to its pings. */
const MAX_WRITES = 16_384;
/** What was written last may take so long to leave when we end the connection. */
const FAREWELL_MS = 500;

interface Target {
  readonly hostname: string;
  readonly port: number;
}

/**
 * What the package hands through to connect(). Its factory of transports is one for the whole process, and several
 * connections may be made at a time: what belongs to one of them must come this way, or it reaches another server.
 */
export interface BoundOptions extends ConnectionOptions {
  readonly binding: {
    /** null leaves it to the server whether there is TLS. */
    readonly tls: TlsFiles | null;
    readonly onTransport: (transport: SocketTransport) => void;
  };
}

/**
 * The bytes between the client and one server, for one connection. The package's own keeps on reading after a connection
 * that failed, keeps what it reads without limit, and takes what was said before TLS for what is said after it.
 */
export class SocketTransport implements Transport {
  readonly lang = 'nats.js';
  readonly version = '2.29.3';
  closeError?: Error;
  private socket: Socket | null = null;
  private encrypted = false;
  /** The client was told that it is connected, and is told of the end, too. */
  private live = false;
  private ended = false;
  private writes = 0;
  private chunks: Uint8Array[] = [];
  private wake: (() => void) | null = null;
  private readonly guard = new ProtocolGuard();
  private readonly over = withResolver<Error | undefined>();
  private readonly liveOver = withResolver<Error | undefined>();

  get isClosed(): boolean {
    return this.ended;
  }

  /** Bytes written that have not left. */
  get unsentBytes(): number {
    return this.socket?.writableLength ?? 0;
  }

  async connect({ hostname, port }: Target, { binding }: BoundOptions): Promise<void> {
    const { tls } = binding;
    binding.onTransport(this);
    const socket = connectTcp({ host: hostname, port, noDelay: true, keepAlive: true });
    this.watch(socket, classify);
    const info = await this.unlessEnded(this.readInfo(socket));
    const server = parseInfo(info);
    if (server === null) throw this.fail('protocol', 'what answers is no NATS server');
    const { tlsRequired, tlsAvailable } = server;
    if (tls !== null && !tlsRequired && !tlsAvailable) {
      throw this.fail('tls', 'the server offers no TLS');
    }
    if (tls !== null || tlsRequired) await this.encrypt(socket, hostname, tls);
    this.live = true;
    this.take(info);
    const read = (chunk: Buffer): void => {
      this.take(chunk);
    };
    // It was paused behind the INFO.
    this.socket?.on('data', read).resume();
  }

  private watch(socket: Socket, failureOf: (error: Error) => Error): void {
    this.socket = socket;
    socket.on('error', (error) => {
      this.end(failureOf(error));
    });
    socket.on('close', () => {
      this.end(new LinkFailure('lost', 'the server closed the connection'));
    });
  }

  private unlessEnded<T>(promise: Promise<T>): Promise<T> {
    const ended = this.over.promise.then((error) => {
      throw error ?? new LinkFailure('timeout', 'given up');
    });
    return Promise.race([promise, ended]);
  }

  /** The first line, and nothing behind it: no server says more before it was answered. */
  private readInfo(socket: Socket): Promise<Buffer> {
    const bytes = Buffer.alloc(MAX_INFO_BYTES);
    let length = 0;
    return new Promise((resolve) => {
      const read = (chunk: Buffer): void => {
        const end = chunk.indexOf('\n') + 1;
        if (length + chunk.length > bytes.length) this.fail('protocol', 'an INFO is too long');
        else if (end > 0 && end < chunk.length) this.fail('protocol', 'more than an INFO came');
        else length += chunk.copy(bytes, length);
        if (end === 0) return;
        socket.off('data', read).pause();
        resolve(bytes.subarray(0, length));
      };
      socket.on('data', read);
    });
  }

  private async encrypt(plain: Socket, host: string, tls: TlsFiles | null): Promise<void> {
    // `host` is whose certificate it must be where the address is a number: then there is no server name.
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = connectTls({ ...tls, ...name, host, socket: plain });
    this.watch(socket, asTlsFailure);
    await this.unlessEnded(new Promise((resolve) => socket.once('secureConnect', resolve)));
    this.encrypted = true;
  }

  private take(chunk: Buffer): void {
    const wrong = this.guard.check(chunk);
    if (wrong !== null) {
      this.fail('protocol', wrong);
      return;
    }
    this.chunks.push(chunk);
    this.wake?.();
  }

  private fail(kind: 'protocol' | 'tls', message: string): LinkFailure {
    const failure = new LinkFailure(kind, message);
    this.end(failure);
    return failure;
  }

  /** Its listeners stay: a socket that is destroyed may still have an error to tell. */
  private end(error: Error | undefined): void {
    if (this.ended) return;
    this.ended = true;
    if (error !== undefined) this.closeError = error;
    this.socket?.destroy();
    this.chunks = [];
    this.wake?.();
    this.over.resolve(error);
    if (this.live) this.liveOver.resolve(error);
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    try {
      while (!this.ended) {
        const { chunks } = this;
        this.chunks = [];
        yield* chunks;
        if (!this.isClosed && this.chunks.length === 0) {
          await new Promise<void>((resolve) => (this.wake = resolve));
        }
      }
    } finally {
      // The client's reader stops for an error only, and says so to nobody.
      this.end(new LinkFailure('protocol', 'the client could not read what came'));
    }
  }

  send(frame: Uint8Array): void {
    if (this.ended || this.socket === null) return;
    if (this.writes >= MAX_WRITES) {
      this.fail('protocol', 'the server does not read');
      return;
    }
    this.writes += 1;
    // An error ends the socket, too, and is heard there.
    this.socket.write(frame, () => {
      this.writes -= 1;
    });
  }

  isEncrypted(): boolean {
    return this.encrypted;
  }

  async close(error?: Error): Promise<void> {
    const { socket } = this;
    if (error === undefined && this.live && !this.ended && socket !== null) {
      const left = new Promise<void>((resolve) => socket.end(resolve));
      const timer = withResolver<undefined>();
      const timeout = setTimeout(timer.resolve, FAREWELL_MS, undefined);
      await Promise.race([left, timer.promise]);
      clearTimeout(timeout);
    }
    this.end(error);
  }

  disconnect(): void {
    this.end(undefined);
  }

  /** Never settles for a connection that was not made: connect() has said so. */
  closed(): Promise<undefined | Error> {
    return this.liveOver.promise;
  }

  discard(): void {
    // There is nothing to let go: each connection has a transport of its own.
  }
}

const asTlsFailure = (error: Error): Error => {
  const failure = classify(error);
  return failure.kind === 'tls' ? failure : new LinkFailure('tls', error.message);
};

interface Resolver<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function withResolver<T>(): Resolver<T> {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}
