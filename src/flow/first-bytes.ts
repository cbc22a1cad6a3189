import { parseHttpHead, type HttpHead } from '../http/index.js';
import type { WireHeadEvent } from '../event/index.js';
import { parseDnsQuestion, type DnsQuestion } from './dns-question.js';
import { ja4Of } from './ja4.js';
import { parseClientHello } from './tls-client-hello.js';
import type { Handshake } from './tls-records.js';
import { visibleName } from './visible-text.js';

/** What a ClientHello says. */
export interface SaidHello {
  /** As text, odd bytes escaped. null: it names nobody, or was cut before its name. */
  readonly sni: string | null;
  readonly alpn: readonly string[];
  /** null: not all of it was seen. */
  readonly ja4: string | null;
  /** An encrypted ClientHello is offered, so `sni` may be a front's name. */
  readonly ech: boolean;
  /** Version of QUIC; null: TLS over TCP. */
  readonly quic: string | null;
}

/** What the first payload of a flow says. */
export type FirstBytes =
  | { readonly says: 'dns'; readonly question: DnsQuestion }
  | { readonly says: 'hello'; readonly hello: SaidHello }
  | { readonly says: 'http'; readonly head: HttpHead }
  | { readonly says: 'malformed' };

export const DNS_PORT = 53;

export function saidQuestion(message: Uint8Array): FirstBytes {
  const question = parseDnsQuestion(message);
  return question === null ? { says: 'malformed' } : { says: 'dns', question };
}

/** `handshake` null: there is a hello, and it is not to be read. */
export function saidHello(handshake: Handshake | null, quic: string | null): FirstBytes {
  if (handshake === null) {
    return { says: 'hello', hello: { sni: null, alpn: [], ja4: null, ech: false, quic } };
  }
  const { state, message } = handshake;
  const hello = parseClientHello(message);
  if (hello === null) return { says: 'malformed' };
  const { sni, alpn, ech, shape } = hello;
  const isWhole = state === 'complete';
  const ja4 = isWhole ? ja4Of(shape, quic === null ? 'tcp' : 'quic') : null;
  return {
    says: 'hello',
    hello: { sni: sni && visibleServerName(sni), alpn, ja4, ech, quic },
  };
}

/** Plain HTTP, where the first payload of a connection is that. */
export function saidHttp({ bytes }: WireHeadEvent): readonly FirstBytes[] {
  const head = parseHttpHead(bytes);
  return head === null ? [] : [{ says: 'http', head }];
}

const DOT = 0x2e;

function visibleServerName(sni: Uint8Array): string {
  const labels: string[] = [];
  let from = 0;
  for (let at = 0; at <= sni.length; at += 1) {
    if (at < sni.length && sni[at] !== DOT) continue;
    labels.push(visibleName(sni.subarray(from, at)));
    from = at + 1;
  }
  return labels.join('.');
}
