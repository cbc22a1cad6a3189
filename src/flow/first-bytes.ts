import type { WireHeadEvent } from '../event/index.js';
import { parseHttpHead, type HttpHead } from '../http/index.js';
import { parseDnsQuestion, type DnsQuestion } from './dns-question.js';
import { looksLikeHello, parseClientHello } from './tls-client-hello.js';
import { visibleName } from './visible-text.js';

/** What the first payload of a flow says. */
export type FirstBytes =
  | { readonly says: 'dns'; readonly question: DnsQuestion }
  | { readonly says: 'hello'; readonly sni: string | null; readonly alpn: readonly string[] }
  | { readonly says: 'http'; readonly head: HttpHead }
  | { readonly says: 'nothing' }
  | { readonly says: 'malformed' };

export const DNS_PORT = 53;

export function readFirstBytes(event: WireHeadEvent): FirstBytes {
  const { bytes, tuple } = event;
  if (tuple.dstPort === DNS_PORT) {
    // Over TCP a message has its length before it (RFC 1035 4.2.2).
    const question = parseDnsQuestion(tuple.protocol === 'tcp' ? bytes.subarray(2) : bytes);
    return question === null ? { says: 'malformed' } : { says: 'dns', question };
  }
  if (tuple.protocol !== 'tcp') return { says: 'nothing' };
  if (looksLikeHello(bytes)) {
    const hello = parseClientHello(bytes);
    if (hello === null) return { says: 'malformed' };
    return { says: 'hello', sni: hello.sni && visibleServerName(hello.sni), alpn: hello.alpn };
  }
  const head = parseHttpHead(bytes);
  return head === null ? { says: 'nothing' } : { says: 'http', head };
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
