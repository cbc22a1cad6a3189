/** How a server is reached. Files are read at each connection, so that new secrets need no restart. */
export interface NatsSettings {
  /** nats://host:port or tls://host:port, without user or password. */
  readonly servers: readonly string[];
  /** At most one of these three. */
  readonly credentialsFile: string | null;
  readonly nkeyFile: string | null;
  readonly tokenFile: string | null;
  readonly tls: {
    readonly ca: string | null;
    readonly cert: string | null;
    readonly key: string | null;
  };
  /** What the server's administrator sees the connection as. */
  readonly clientName: string;
}
