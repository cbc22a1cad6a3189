import { parseAuthority } from '../authority.js';
import type { InvalidReason } from '../events.js';
import { parseStartLine, type RequestLine, type StatusLine } from './start-line.js';

/** Only what framing and naming need; every other header is dropped with its line. */
export interface Head {
  readonly start: RequestLine | StatusLine;
  readonly host: string;
  readonly length: number | null;
  /** Transfer codings, last one last. Empty: no Transfer-Encoding. */
  readonly codings: readonly string[];
}

export type HeadStep =
  | { readonly step: 'more' }
  | { readonly step: 'done'; readonly head: Head }
  | { readonly step: 'invalid'; readonly reason: InvalidReason };

const MORE: HeadStep = { step: 'more' };
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const WANTED = new Set(['host', 'content-length', 'transfer-encoding']);

const invalid = (reason: InvalidReason): HeadStep => ({ step: 'invalid', reason });

/** Takes the lines of one head, line ends removed. */
export class HeadReader {
  #start: RequestLine | StatusLine | null = null;
  #host: string | null = null;
  #length: number | null = null;
  #codings: string[] = [];
  /** The field a folded line would continue; null value: of no interest. */
  #field: { name: string; value: string } | null = null;

  /** A start line was read and its head is not finished. */
  get isOpen(): boolean {
    return this.#start !== null;
  }

  line(line: string): HeadStep {
    if (this.#start === null) return this.#startLine(line);
    if (/^[ \t]/.test(line)) return this.#fold(line);
    const reason = this.#takeField();
    if (reason !== null) return invalid(reason);
    if (line === '') return this.#finish(this.#start);
    if (/[\0\r]/.test(line)) return invalid(line.includes('\r') ? 'bare_cr' : 'bad_header');
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    if (!TOKEN.test(name)) return invalid('bad_header');
    this.#field = { name, value: WANTED.has(name) ? line.slice(colon + 1) : '' };
    return MORE;
  }

  #startLine(line: string): HeadStep {
    // RFC 9112 2.2: empty lines before a request line are ignored.
    if (line === '') return MORE;
    this.#start = parseStartLine(line);
    if (this.#start !== null) return MORE;
    return invalid('bad_start_line');
  }

  /** obs-fold (RFC 9112 5.2): one space, as the RFC asks of a proxy. */
  #fold(line: string): HeadStep {
    if (this.#field === null || line.includes('\r')) return invalid('bad_header');
    if (WANTED.has(this.#field.name)) this.#field.value += ` ${line.trim()}`;
    return MORE;
  }

  #takeField(): InvalidReason | null {
    const field = this.#field;
    this.#field = null;
    if (field === null) return null;
    if (field.name === 'host') return this.#takeHost(field.value.trim());
    if (field.name === 'content-length') return this.#takeLength(field.value);
    if (field.name === 'transfer-encoding') {
      this.#codings.push(
        ...field.value
          .toLowerCase()
          .split(',')
          .map((coding) => coding.trim()),
      );
    }
    return null;
  }

  #takeHost(value: string): InvalidReason | null {
    const host = parseAuthority(value)?.host ?? '';
    if (this.#host !== null && this.#host !== host) return 'conflicting_host';
    this.#host = host;
    return null;
  }

  #takeLength(value: string): InvalidReason | null {
    for (const part of value.split(',')) {
      const digits = part.trim();
      if (!/^[0-9]{1,15}$/.test(digits)) return 'bad_length';
      const length = Number(digits);
      if (this.#length !== null && this.#length !== length) return 'conflicting_length';
      this.#length = length;
    }
    return null;
  }

  #finish(start: RequestLine | StatusLine): HeadStep {
    const named = start.kind === 'request' ? start.host : null;
    const host = named ?? this.#host ?? '';
    return { step: 'done', head: { start, host, length: this.#length, codings: this.#codings } };
  }
}
