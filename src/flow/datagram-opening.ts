import type { WireHeadEvent } from '../event/index.js';
import {
  DNS_PORT,
  saidHello,
  saidQuestion,
  type FirstBytes,
  type SaidHello,
} from './first-bytes.js';
import { QuicClient, type QuicHello } from './quic-client.js';

/** The questions in one event to a name server. */
export const questionsIn = (event: WireHeadEvent): readonly FirstBytes[] =>
  datagramsOf(event).map(saidQuestion);

export const isQuestion = ({ tuple }: WireHeadEvent): boolean => tuple.dstPort === DNS_PORT;

/** What is told of one UDP flow: the hellos of its QUIC connections. */
export class DatagramOpening {
  readonly #client = new QuicClient();
  #last: SaidHello | null = null;
  readonly isDone = false;

  get isWaiting(): boolean {
    return this.#client.isWaiting;
  }

  on(event: WireHeadEvent): readonly FirstBytes[] {
    return this.#said(datagramsOf(event).flatMap((datagram) => this.#client.on(datagram)));
  }

  giveUp(): readonly FirstBytes[] {
    return this.#said(this.#client.giveUp());
  }

  /** A connection that begins anew, as a server may ask for (RFC 9000 8.1.2), says the same again. */
  #said(hellos: readonly QuicHello[]): readonly FirstBytes[] {
    return hellos
      .map(({ quic, handshake }) => saidHello(handshake, quic))
      .filter((said) => {
        if (said.says !== 'hello') return true;
        const isNew = this.#last === null || !isSame(this.#last, said.hello);
        this.#last = said.hello;
        return isNew;
      });
  }
}

const isSame = (a: SaidHello, b: SaidHello): boolean =>
  a.sni === b.sni && a.ja4 === b.ja4 && a.quic === b.quic && a.alpn.join() === b.alpn.join();

/** One event can hold many: the kernel cuts them only behind where it looks. */
function datagramsOf({ bytes, datagramBytes }: WireHeadEvent): readonly Uint8Array[] {
  if (datagramBytes === 0) return [bytes];
  const count = Math.ceil(bytes.length / datagramBytes);
  return Array.from({ length: count }, (_, i) =>
    bytes.subarray(i * datagramBytes, (i + 1) * datagramBytes),
  );
}
