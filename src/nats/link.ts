import { Events } from 'nats';
import type { NatsConnection } from 'nats';
import { NatsConnectionImpl, setTransportFactory } from 'nats/lib/nats-base-client/internal_mod.js';
import { readAuthenticator, readTls } from './auth.js';
import { classify, clean, LinkFailure } from './failure.js';
import type { FailureKind } from './failure.js';
import type { NatsSettings } from './settings.js';
import { SocketTransport } from './transport.js';
import type { BoundOptions } from './transport.js';

export type LinkState = 'connecting' | 'connected' | 'closed';

export interface LinkHooks {
  readonly onState?: (state: LinkState) => void;
  /** One line an operator should see; said once while it stays the same. */
  readonly onNote?: (text: string) => void;
}

export interface LinkStats {
  readonly state: LinkState;
  /** The server we are connected to, or tried last. */
  readonly server: string;
  readonly connects: number;
  /** Connections that failed or ended, by what was wrong. */
  readonly failures: Readonly<Partial<Record<FailureKind, number>>>;
}

/** What a server said we may not do. */
export interface Denial {
  readonly operation: 'publish' | 'subscription';
  readonly subject: string;
}

const CONNECT_MS = 10_000;
/** Three of these without an answer, and the connection is given up. */
const PING_MS = 10_000;
const MAX_PINGS_OUT = 2;
const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 4000;
/** A connection that lived so long was a good one. */
const GOOD_MS = 10_000;
/** Of a server that did not say yet. */
const DEFAULT_MAX_PAYLOAD = 1 << 20;

/**
 * A connection to one of several servers, made again for ever in the background. Each connection is a new client of the
 * package: nothing that was published or subscribed before goes on by itself, so nothing piles up while there is none.
 */
export class NatsLink {
  private current: NatsConnection | null = null;
  private transport: SocketTransport | null = null;
  private closing = false;
  private error: LinkFailure | null = null;
  private said = '';
  private server = '';
  private connects = 0;
  private tries = 0;
  private endPause: () => void = () => undefined;
  private readonly failures: Partial<Record<FailureKind, number>> = {};
  private readonly connectionListeners = new Set<(connection: NatsConnection) => void>();
  private readonly denialListeners = new Set<(denial: Denial) => void>();
  private readonly servers: readonly string[];
  private readonly done: Promise<void>;

  private constructor(
    private readonly settings: NatsSettings,
    private readonly hooks: LinkHooks,
  ) {
    this.servers = shuffled(settings.servers);
    this.done = this.run();
  }

  /** Returns at once; what is wrong is in lastError. Throws without a server: then there is nothing to open. */
  static open(settings: NatsSettings, hooks: LinkHooks = {}): NatsLink {
    if (settings.servers.length === 0) throw new Error('a link needs a server');
    return new NatsLink(settings, hooks);
  }

  get state(): LinkState {
    if (this.closing) return 'closed';
    return this.current === null ? 'connecting' : 'connected';
  }

  /** Why there is no connection, or what the server refused on this one: `kind: text`. */
  get lastError(): string | null {
    return this.error === null ? null : `${this.error.kind}: ${this.error.message}`;
  }

  /** The largest message the server takes, headers included. */
  get maxPayload(): number {
    return this.current?.info?.max_payload ?? DEFAULT_MAX_PAYLOAD;
  }

  stats(): LinkStats {
    const { state, server, connects } = this;
    return { state, server, connects, failures: { ...this.failures } };
  }

  /** Ends the connection; what was handed to it goes out first. */
  async close(): Promise<void> {
    this.closing = true;
    this.endPause();
    await this.current?.close();
    // One that is being made: its server is not waited for.
    this.transport?.disconnect();
    await this.done;
  }

  /** For this room only. null: there is none now. Another one is another object. */
  get connection(): NatsConnection | null {
    return this.current;
  }

  /** For this room only. Bytes that were published and have not left this machine. */
  get unsentBytes(): number {
    return this.transport?.unsentBytes ?? 0;
  }

  /** For this room only: called at once where there is a connection, and for each new one. Gives what ends the calls. */
  onConnection(listener: (connection: NatsConnection) => void): () => void {
    this.connectionListeners.add(listener);
    if (this.current !== null) listener(this.current);
    return () => this.connectionListeners.delete(listener);
  }

  /** For this room only. */
  onDenial(listener: (denial: Denial) => void): () => void {
    this.denialListeners.add(listener);
    return () => this.denialListeners.delete(listener);
  }

  private async run(): Promise<void> {
    while (!this.closing) {
      const failure = await this.connectOnce();
      this.current = null;
      this.transport = null;
      if (this.isClosing()) break;
      this.note(failure);
      this.hooks.onState?.('connecting');
      await this.pause();
    }
    this.hooks.onState?.('closed');
  }

  /** Asked behind each wait, in which it may have become true. */
  private isClosing(): boolean {
    return this.closing;
  }

  /** A connection from its beginning to its end, and why it ended. */
  private async connectOnce(): Promise<LinkFailure> {
    const server = this.servers[this.tries % this.servers.length] ?? '';
    this.server = server;
    this.tries += 1;
    try {
      const options = await this.prepare(server);
      if (this.isClosing()) return new LinkFailure('lost', 'closed');
      const connection = await NatsConnectionImpl.connect(options);
      const begun = Date.now();
      const ended = connection.closed();
      if (this.isClosing()) await connection.close();
      else this.begin(connection);
      const error = await ended;
      if (Date.now() - begun >= GOOD_MS) this.tries = 0;
      return classify(this.transport?.closeError ?? error);
    } catch (error) {
      return classify(this.transport?.closeError ?? error);
    }
  }

  /** Files are read each time, so that a new secret is used without a restart. */
  private async prepare(server: string): Promise<BoundOptions> {
    const authenticator = await readAuthenticator(this.settings);
    const tls = await readTls(this.settings, server);
    setTransportFactory({ factory: () => new SocketTransport() });
    const onTransport = (transport: SocketTransport): void => {
      this.transport = transport;
      if (this.closing) transport.disconnect();
    };
    return {
      binding: { tls, onTransport },
      servers: [server],
      name: this.settings.clientName,
      reconnect: false,
      ignoreClusterUpdates: true,
      noEcho: true,
      noAsyncTraces: true,
      // The socket asks the system's resolver, and tries each address.
      resolve: false,
      timeout: CONNECT_MS,
      pingInterval: PING_MS,
      maxPingOut: MAX_PINGS_OUT,
      ...(authenticator === null ? {} : { authenticator }),
      ...(tls === null ? {} : { tls: {} }),
    };
  }

  private begin(connection: NatsConnection): void {
    this.current = connection;
    this.connects += 1;
    this.error = null;
    this.said = '';
    void this.follow(connection);
    this.hooks.onState?.('connected');
    for (const listener of this.connectionListeners) listener(connection);
  }

  /** What the server says of this connection besides messages. */
  private async follow(connection: NatsConnection): Promise<void> {
    for await (const { type, permissionContext } of connection.status()) {
      if (type !== Events.Error || permissionContext === undefined) continue;
      const operation = permissionContext.operation === 'publish' ? 'publish' : 'subscription';
      const subject = clean(permissionContext.subject);
      this.note(new LinkFailure('permission', `${operation} of ${subject} is not allowed`));
      for (const listener of this.denialListeners) listener({ operation, subject });
    }
  }

  private note(failure: LinkFailure): void {
    this.error = failure;
    this.failures[failure.kind] = (this.failures[failure.kind] ?? 0) + 1;
    const text = `NATS ${this.server}: ${failure.kind}: ${failure.message}`;
    if (text === this.said) return;
    this.said = text;
    this.hooks.onNote?.(text);
  }

  /** Longer each time round the servers; thousands of nodes do not come back in the same moment. */
  private pause(): Promise<void> {
    const round = Math.floor(this.tries / this.servers.length);
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(round, 10), MAX_PAUSE_MS);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, longest * (0.5 + Math.random() / 2));
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** The connection there is now, null: none. */
export const connectionOf = (link: NatsLink): NatsConnection | null => link.connection;

const shuffled = (servers: readonly string[]): readonly string[] =>
  servers
    .map((server) => ({ server, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ server }) => server);
