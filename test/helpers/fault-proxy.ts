import { createServer, connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Owner } from './children.js';

/** Which way bytes go. */
export type Direction = 'to_server' | 'to_client';

interface Way {
  frozen: boolean;
  delayMs: number;
  /** Bytes that are swallowed before any pass. */
  dropBytes: number;
  /** The first piece that holds this ends the connection, and does not pass. */
  cutBefore: string | null;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/** A TCP proxy on the loopback that does to the bytes what a bad network does. It understands nothing of them. */
export class FaultProxy {
  /** Connections it has taken since it began. */
  connections = 0;
  /** How often `cutBefore` struck. */
  cuts = 0;
  private readonly pairs = new Set<Pair>();
  private readonly ways: Readonly<Record<Direction, Way>> = { to_server: way(), to_client: way() };
  private readonly listener = createServer((client) => {
    this.take(client);
  });

  private constructor(private target: number) {}

  static async start(t: Owner, target: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await new Promise<void>((resolve) => proxy.listener.listen(0, '127.0.0.1', resolve));
    t.teardown(() => {
      proxy.listener.close();
      proxy.cut();
    });
    return proxy;
  }

  get url(): string {
    return `nats://127.0.0.1:${(this.listener.address() as AddressInfo).port}`;
  }

  /** Bytes of this direction wait, those of connections to come as well, until `thaw`. */
  freeze(direction: Direction): void {
    this.ways[direction].frozen = true;
    for (const pair of this.pairs) sourceOf(pair, direction).pause();
  }

  thaw(direction: Direction): void {
    this.ways[direction].frozen = false;
    for (const pair of this.pairs) sourceOf(pair, direction).resume();
  }

  /** Each piece passes so much later; pieces keep their order. */
  delay(direction: Direction, ms: number): void {
    this.ways[direction].delayMs = ms;
  }

  /** The next so many bytes never arrive. */
  drop(direction: Direction, bytes: number): void {
    this.ways[direction].dropBytes += bytes;
  }

  /** Cuts the connection in the place of the first piece that holds `text`; null: no more. */
  cutBefore(direction: Direction, text: string | null): void {
    this.ways[direction].cutBefore = text;
  }

  /** Ends all connections with a reset. */
  cut(): void {
    for (const { client, server } of this.pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** Where connections to come lead. */
  retarget(port: number): void {
    this.target = port;
    this.cut();
  }

  private take(client: Socket): void {
    this.connections += 1;
    const pair = { client, server: connect(this.target, '127.0.0.1') };
    this.pairs.add(pair);
    const end = (): void => {
      this.pairs.delete(pair);
      client.destroy();
      pair.server.destroy();
    };
    for (const socket of [client, pair.server]) socket.setNoDelay(true).on('error', end);
    for (const socket of [client, pair.server]) socket.on('close', end);
    this.pump(pair, 'to_server');
    this.pump(pair, 'to_client');
  }

  private pump(pair: Pair, direction: Direction): void {
    const way = this.ways[direction];
    const from = sourceOf(pair, direction);
    const to = direction === 'to_server' ? pair.server : pair.client;
    const pass = (piece: Buffer): void => {
      if (!to.destroyed && !to.write(piece)) from.pause();
    };
    to.on('drain', () => {
      if (!way.frozen) from.resume();
    });
    from.on('data', (piece: Buffer) => {
      if (way.cutBefore !== null && piece.includes(way.cutBefore)) {
        this.cuts += 1;
        from.resetAndDestroy();
        to.resetAndDestroy();
        return;
      }
      const swallowed = Math.min(way.dropBytes, piece.length);
      way.dropBytes -= swallowed;
      const rest = piece.subarray(swallowed);
      if (way.delayMs > 0) setTimeout(pass, way.delayMs, rest);
      else pass(rest);
    });
    if (way.frozen) from.pause();
  }
}

const way = (): Way => ({ frozen: false, delayMs: 0, dropBytes: 0, cutBefore: null });

const sourceOf = ({ client, server }: Pair, direction: Direction): Socket =>
  direction === 'to_server' ? client : server;
