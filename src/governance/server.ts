import { chmodSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { Connection, sayGoodbye } from './connection.js';
import type { Answer, Counts } from './connection.js';
import { LIMITS, Users } from './limits.js';
import type { Limits } from './limits.js';
import type { RegistrationReply } from '../event/index.js';
import type { Declaration, Message } from './protocol.js';

/** What a declaration was answered. */
export type DeclarationReply =
  { readonly ok: true; readonly id: string } | { readonly ok: false; readonly error: string };

/** Who is at the other end; the backend knows more of it. */
export interface Speaker {
  readonly uid: number;
}

/** Who answers. What it throws is answered as a failure of the daemon; it logs it itself. */
export interface GovernanceBackend<Peer extends Speaker> {
  /** Called once a connection, as soon as there is one, with its descriptor. Throws: there is nobody to speak to. */
  arrived(fd: number): Peer;
  /** The connection has ended. */
  left(peer: Peer): void;
  register(peer: Peer, agent: string, name: string | null): Promise<RegistrationReply>;
  declare(peer: Peer, declaration: Declaration): DeclarationReply;
}

export interface GovernanceStats extends Readonly<Counts> {
  readonly connections: number;
  /** Since the start. */
  readonly accepted: number;
  /** Turned away: there were too many, of all or of one user, or the kernel did not say who it is. */
  readonly refused: number;
  /** Not even accepted. Without a free descriptor libuv hangs up by itself, and most of those are not counted. */
  readonly failed: number;
}

/** Connections that were turned away and have not gone yet; the next one is cut off without a word. */
const MAX_LEAVING = 64;

/** Who may use the socket: everybody, for what they say is about themselves. */
const MODE = 0o666;

/** The governance socket: JSON lines, a line an answer, in order. */
export class GovernanceServer<Peer extends Speaker> {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #limits: Limits;
  readonly #users: Users;
  readonly #counts: Counts = { messages: 0, invalid: 0, limited: 0, unanswered: 0, idle: 0 };
  #connections = 0;
  #accepted = 0;
  #refused = 0;
  #failed = 0;

  /** `limits`, `nowMs` (any monotonic clock): what a test replaces. */
  constructor(
    private readonly backend: GovernanceBackend<Peer>,
    limits: Partial<Limits> = {},
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.#limits = { ...LIMITS, ...limits };
    this.#users = new Users(this.#limits);
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#accept(socket);
    });
  }

  /** The caller holds the lock of this instance, so a socket that is there already is a dead one's. Rejects with the errno. */
  async listen(path: string): Promise<void> {
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, () => {
        this.#server.removeListener('error', reject);
        resolve();
      });
    });
    // One connection could not be accepted; the others are served.
    this.#server.on('error', () => {
      this.#failed += 1;
    });
    chmodSync(path, MODE);
  }

  stats(): GovernanceStats {
    return {
      connections: this.#connections,
      accepted: this.#accepted,
      refused: this.#refused,
      failed: this.#failed,
      ...this.#counts,
    };
  }

  /** Cuts every connection and removes the socket. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    const { connections, connectionsPerUid } = this.#limits;
    this.#accepted += 1;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // A client that goes away in the middle is no event: 'close' follows.
    socket.on('error', () => undefined);
    if (this.#connections >= connections) {
      this.#turnAway(socket, `more than ${connections} connections: say it again later`);
      return;
    }
    const peer = this.#arrived(socket);
    if (peer === null) {
      this.#turnAway(socket, 'watchfloor could not ask the kernel who this is');
    } else if (this.#users.enter(peer.uid, this.nowMs())) {
      this.#converse(socket, peer);
    } else {
      this.backend.left(peer);
      const most = `${connectionsPerUid} connections of uid ${peer.uid}`;
      this.#turnAway(socket, `more than ${most}: say it again later`);
    }
  }

  #converse(socket: Socket, peer: Peer): void {
    this.#connections += 1;
    socket.on('close', () => {
      this.#connections -= 1;
      this.#users.leave(peer.uid);
      this.backend.left(peer);
    });
    new Connection(socket, {
      limits: this.#limits,
      counts: this.#counts,
      nowMs: this.nowMs,
      mayUserSpeak: () => this.#users.take(peer.uid, this.nowMs()),
      answer: (message) => this.#answer(peer, message),
    });
  }

  #arrived(socket: Socket): Peer | null {
    try {
      return this.backend.arrived(descriptorOf(socket));
    } catch {
      return null;
    }
  }

  #answer(peer: Peer, message: Message): Answer | Promise<Answer> {
    return message.type === 'register'
      ? this.backend.register(peer, message.agent, message.name)
      : this.backend.declare(peer, message.declaration);
  }

  #turnAway(socket: Socket, why: string): void {
    this.#refused += 1;
    const leaving = this.#sockets.size - this.#connections;
    if (leaving > MAX_LEAVING) socket.destroy();
    else sayGoodbye(socket, why, this.#limits);
  }
}

/** Node has no public name for it. */
const descriptorOf = (socket: Socket): number => {
  const { _handle: handle } = socket as unknown as { _handle?: { fd?: unknown } | null };
  const fd = handle?.fd;
  if (typeof fd !== 'number' || fd < 0) throw new Error('the connection has no descriptor');
  return fd;
};
