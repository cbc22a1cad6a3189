import { parseAuthority } from '../authority.js';
import { firstLine } from './line-buffer.js';

export interface RequestLine {
  readonly kind: 'request';
  readonly method: string;
  readonly target: string;
  readonly version: string;
  /** Host and port named by the target itself: CONNECT or absolute form. */
  readonly host: string | null;
  readonly port: number | null;
}

export interface StatusLine {
  readonly kind: 'response';
  readonly status: number;
  readonly version: string;
}

const METHOD_MAX = 32;
const REQUEST = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}) ([\x21-\x7e\x80-\xff]+) HTTP\/(1\.[01])$/;
const STATUS = /^HTTP\/(1\.[01]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const KNOWN_METHOD = /^(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH) /;
const METHOD_START = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]*$/;
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i;

/** A whole line, without its line end, as a request line or a status line (RFC 9112 3 and 4). */
export function parseStartLine(line: string): RequestLine | StatusLine | null {
  const status = STATUS.exec(line);
  if (status !== null) {
    const [, version = '', digits = ''] = status;
    return { kind: 'response', status: Number(digits), version };
  }
  const request = REQUEST.exec(line);
  if (request === null) return null;
  const [, method = '', target = '', version = ''] = request;
  const text = method === 'CONNECT' ? target : ABSOLUTE.exec(target)?.[1];
  const authority = text === undefined ? null : parseAuthority(text);
  const { host, port } = authority ?? { host: null, port: null };
  return { kind: 'request', method: ownText(method), target, version, host, port };
}

/** For a piece of a string V8 keeps all of it: a method would hold its whole line. */
const ownText = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

/** Could these first bytes still become a start line? Decides early for protocols that never send a line end. */
export function couldStart(prefix: string): boolean {
  const space = prefix.indexOf(' ');
  const word = space < 0 ? prefix.replace(/\r$/, '') : prefix.slice(0, space);
  if (word.startsWith('HTTP/')) return /^HTTP\/(?:1(?:\.[01]?)?)?$/.test(word);
  return (space < 0 || space > 0) && word.length <= METHOD_MAX && METHOD_START.test(word);
}

/** Does a call begin with a message, to go on at after a loss? Only with a known method: a hole can leave the tail of one. */
export const beginsMessage = (bytes: Uint8Array): boolean => {
  const line = firstLine(bytes) ?? '';
  return (line.startsWith('HTTP/') || KNOWN_METHOD.test(line)) && parseStartLine(line) !== null;
};
