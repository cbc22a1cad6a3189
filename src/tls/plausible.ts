/**
 * What the first bytes of one direction look like. `asks`: a client says so; `answers`: a server; `either`: both could.
 */
export type Role = 'asks' | 'answers' | 'either';

/** The preface of HTTP/2 is one, too (RFC 9113, section 3.4). */
const REQUEST = /^[A-Z][A-Z-]{1,31} [\x21-\x7e]/;
const STATUS = /^(?:HTTP\/[0-9](?:\.[0-9])? [1-5][0-9]{2}|RTSP\/1\.0 [1-5])/;
const LOOKED_AT = 512;
const TEXT_MIN = 6;
const FRAMED_MIN = 8;
const FIELDS_MIN = 2;

/**
 * Could an application have said this first? Protocols that are known by their own marks, text, and messages that say
 * their own length right. `length`: bytes of the whole call, of which `bytes` are the first. null: nothing that is known.
 */
export function plausibleRole(bytes: Uint8Array, length: number): Role | null {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, LOOKED_AT));
  const text = view.toString('latin1');
  if (STATUS.test(text)) return 'answers';
  if (REQUEST.test(text)) return 'asks';
  if (isHttp2Frame(view)) return 'answers';
  const isKnown =
    isTlsRecord(view) ||
    isWebSocketFrame(view, length) ||
    saysItsLength(view, length) ||
    isText(view) ||
    isProtobuf(view, length);
  return isKnown ? 'either' : null;
}

/** A server of HTTP/2 begins with SETTINGS; WINDOW_UPDATE and PING follow on stream 0 (RFC 9113, section 6). */
function isHttp2Frame(view: Buffer): boolean {
  if (view.length < 9) return false;
  const length = view.readUIntBE(0, 3);
  const type = view.readUInt8(3);
  const stream = view.readUInt32BE(5);
  if (stream !== 0) return false;
  return (
    (type === 4 && length % 6 === 0 && length <= 600) ||
    (type === 8 && length === 4) ||
    (type === 6 && length === 8)
  );
}

/** TLS inside TLS, as over an HTTPS proxy: type, version 3.x, a length that is allowed (RFC 8446, section 5.1). */
function isTlsRecord(view: Buffer): boolean {
  if (view.length < 6) return false;
  const type = view.readUInt8(0);
  const isVersion = view.readUInt8(1) === 3 && view.readUInt8(2) <= 4;
  return type >= 20 && type <= 23 && isVersion && view.readUInt16BE(3) <= 16_384 + 2048;
}

/** RFC 6455, section 5.2: one frame that fills the call. A session in the middle of its life begins so. */
function isWebSocketFrame(view: Buffer, length: number): boolean {
  if (view.length < 2) return false;
  const [first = 0, second = 0] = view;
  const opcode = first & 0x0f;
  const isKnown = opcode <= 2 || (opcode >= 8 && opcode <= 10);
  // RSV1 is set by permessage-deflate (RFC 7692); the others are nobody's.
  if (!isKnown || (first & 0x30) !== 0) return false;
  const mask = second & 0x80 ? 4 : 0;
  const short = second & 0x7f;
  if (short < 126) return length === 2 + mask + short && short > 0;
  if (short === 126) return view.length >= 4 && length === 4 + mask + view.readUInt16BE(2);
  return view.length >= 10 && BigInt(length) === 10n + BigInt(mask) + view.readBigUInt64BE(2);
}

/** PostgreSQL, Kafka, MongoDB and their like: a length of 32 bits first, with or without itself. */
function saysItsLength(view: Buffer, length: number): boolean {
  if (view.length < FRAMED_MIN || length < FRAMED_MIN) return false;
  return [view.readUInt32BE(0), view.readUInt32LE(0)].some(
    (said) => said === length || said === length - 4,
  );
}

/** Nine of ten bytes are printable, line ends or parts of UTF-8 that is whole. */
function isText(view: Buffer): boolean {
  if (view.length < TEXT_MIN) return false;
  const text = view.toString('utf8');
  // The last character may be cut: at most three of its bytes are here.
  const whole = text.replace(/\ufffd{1,3}$/, '');
  if (whole.includes('\ufffd')) return false;
  let printable = 0;
  for (let i = 0; i < whole.length; i += 1) {
    const unit = whole.charCodeAt(i);
    if (unit >= 0x20 ? unit !== 0x7f : unit === 9 || unit === 10 || unit === 13) printable += 1;
  }
  return printable >= TEXT_MIN && printable * 10 >= whole.length * 9;
}

/** Fields one after another up to the end, and more than one of them: chance makes few such (protobuf's wire format). */
function isProtobuf(view: Buffer, length: number): boolean {
  if (length !== view.length || length < FRAMED_MIN) return false;
  let at = 0;
  let fields = 0;
  while (at < view.length) {
    const next = fieldEnd(view, at);
    if (next === null || next > view.length) return false;
    at = next;
    fields += 1;
  }
  return fields >= FIELDS_MIN;
}

/** Behind the field that begins at `at`; null: none does. */
function fieldEnd(view: Buffer, at: number): number | null {
  const tag = varint(view, at);
  // Numbers of fields are small and never 0.
  if (tag === null || tag.value < 8 || tag.value >= 8 * 256) return null;
  switch (tag.value & 7) {
    case 0:
      return varint(view, tag.end)?.end ?? null;
    case 1:
      return tag.end + 8;
    case 2: {
      const size = varint(view, tag.end);
      return size === null ? null : size.end + size.value;
    }
    case 5:
      return tag.end + 4;
    default:
      return null;
  }
}

function varint(view: Buffer, at: number): { value: number; end: number } | null {
  let value = 0;
  for (let i = 0; i < 10; i += 1) {
    const byte = view[at + i];
    if (byte === undefined) return null;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: at + i + 1 };
  }
  return null;
}
