import { Assembly } from './assembly.js';
import { readCryptoFrames } from './quic-frames.js';
import {
  clientInitialKeys,
  openInitial,
  readLongPackets,
  type InitialKeys,
  type InitialPacket,
} from './quic-initial.js';
import { quicVersionName } from './quic-version.js';
import { asHandshake, type Handshake } from './tls-records.js';

/** Of a socket and one remote: a retry or a second connection begins anew. */
const CONNECTIONS_MAX = 4;
const HELLO_MAX = 16_384;

interface Connection {
  /** Name of the version. */
  readonly quic: string;
  readonly keys: InitialKeys;
  readonly crypto: Assembly;
  done: boolean;
}

export interface QuicHello {
  /** Name of the version, such as `1`. */
  readonly quic: string;
  /** null: it was not to be read. */
  readonly handshake: Handshake | null;
}

/** The ClientHellos a UDP flow sends in QUIC Initials, each over as many of them as it takes. */
export class QuicClient {
  readonly #connections: Connection[] = [];
  /** Version of an Initial that could not be read. */
  #unread: string | null = null;
  #hasSaid = false;

  /** Hellos that this datagram made complete. */
  on(datagram: Uint8Array): readonly QuicHello[] {
    const read = readLongPackets(datagram);
    if (read.form === 'other') return [];
    if (read.form === 'strange') {
      this.#unread ??= quicVersionName(read.version);
      return [];
    }
    return read.packets.flatMap((packet) => this.#packet(packet));
  }

  /** Something of a hello came, and it was never complete; or an Initial that cannot be read, and nothing else. */
  get isWaiting(): boolean {
    const isPartial = this.#connections.some(({ done, crypto }) => !done && crypto.hasBytes);
    return isPartial || (this.#unread !== null && !this.#hasSaid);
  }

  /** What there is, when nothing more is to be expected. */
  giveUp(): readonly QuicHello[] {
    const open = this.#connections.filter(({ done, crypto }) => !done && crypto.hasBytes);
    for (const connection of open) connection.done = true;
    const hellos: QuicHello[] = open.map(({ quic, crypto }) => ({
      quic,
      handshake: asHandshake(crypto.whole),
    }));
    if (hellos.length === 0 && !this.#hasSaid && this.#unread !== null) {
      hellos.push({ quic: this.#unread, handshake: null });
    }
    this.#unread = null;
    this.#hasSaid = true;
    return hellos;
  }

  #packet(packet: InitialPacket): readonly QuicHello[] {
    const opened = this.#open(packet);
    if (opened === null) {
      this.#unread ??= packet.version.name;
      return [];
    }
    const { connection, payload } = opened;
    if (connection.done) return [];
    for (const { offset, data } of readCryptoFrames(payload)) connection.crypto.add(offset, data);
    const handshake = asHandshake(connection.crypto.whole);
    if (handshake.state === 'partial' && connection.crypto.whole.length < HELLO_MAX) return [];
    connection.done = true;
    this.#hasSaid = true;
    return [{ quic: connection.quic, handshake }];
  }

  /** With the keys of a connection that is known, else with those its own destination gives. */
  #open(packet: InitialPacket): { connection: Connection; payload: Uint8Array } | null {
    for (const connection of this.#connections) {
      const payload = openInitial(packet, connection.keys);
      if (payload !== null) return { connection, payload };
    }
    const keys = clientInitialKeys(packet.version, packet.destination);
    const payload = openInitial(packet, keys);
    if (payload === null) return null;
    const crypto = new Assembly(HELLO_MAX);
    const connection = { quic: packet.version.name, keys, crypto, done: false };
    if (this.#connections.length >= CONNECTIONS_MAX) this.#connections.shift();
    this.#connections.push(connection);
    return { connection, payload };
  }
}
