import { createHash } from 'node:crypto';
import type { HelloShape } from './tls-client-hello.js';

/**
 * The fingerprint JA4 of a TLS client. Definition: FoxIO, github.com/FoxIO-LLC/ja4, technical_details/JA4.md, free to use
 * (BSD 3-Clause).
 */
const VERSIONS: Readonly<Record<number, string>> = {
  0x0304: '13',
  0x0303: '12',
  0x0302: '11',
  0x0301: '10',
  0x0300: 's3',
  0x0002: 's2',
  0xfeff: 'd1',
  0xfefd: 'd2',
  0xfefc: 'd3',
};
const SNI = 0;
const ALPN = 16;
const HASH_DIGITS = 12;
const NOTHING = '0'.repeat(HASH_DIGITS);

/** Such as `t13d1516h2_8daaf6152771_e5627efa2ab1`. `transport`: TLS over TCP or QUIC. */
export function ja4Of(shape: HelloShape, transport: 'tcp' | 'quic'): string {
  const suites = shape.suites.filter(isReal);
  const extensions = shape.extensions.filter(isReal);
  const hashed = extensions.filter((type) => type !== SNI && type !== ALPN);
  const signatures = shape.signatures.filter(isReal);
  const first = [
    transport === 'quic' ? 'q' : 't',
    VERSIONS[newestVersion(shape)] ?? '00',
    extensions.includes(SNI) ? 'd' : 'i',
    count(suites.length),
    count(extensions.length),
    protocolCharacters(shape.firstProtocol),
  ].join('');
  const tail = signatures.length === 0 ? '' : `_${signatures.map(hex).join()}`;
  return [
    first,
    suites.length === 0 ? NOTHING : digest(sorted(suites)),
    hashed.length === 0 ? NOTHING : digest(sorted(hashed) + tail),
  ].join('_');
}

/** RFC 8701: both bytes alike, and of the form ?a. */
const isReal = (value: number): boolean =>
  (value & 0x0f0f) !== 0x0a0a || value >> 8 !== (value & 0xff);

const newestVersion = ({ version, versions }: HelloShape): number =>
  versions === null ? version : versions.filter(isReal).reduce((a, b) => Math.max(a, b), 0);

const count = (value: number): string => `${Math.min(99, value)}`.padStart(2, '0');

const hex = (value: number): string => value.toString(16).padStart(4, '0');

const sorted = (values: readonly number[]): string => values.map(hex).sort().join();

const digest = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, HASH_DIGITS);

/** First and last character of the name, or of its hexadecimal form where one of them is neither letter nor digit. */
function protocolCharacters(name: Uint8Array | null): string {
  const [first, last] = [name?.[0], name?.at(-1)];
  if (name === null || first === undefined || last === undefined) return '00';
  const text = String.fromCharCode(first, last);
  if (/^[0-9A-Za-z]{2}$/.test(text)) return text;
  const digits = (byte: number): string => byte.toString(16).padStart(2, '0');
  return `${digits(first).charAt(0)}${digits(last).charAt(1)}`;
}
