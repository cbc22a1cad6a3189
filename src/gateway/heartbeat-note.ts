import { createHash } from 'node:crypto';
import { parseNote, verifyNote } from '../tlog/index.js';
import type { VerifierKey } from '../tlog/index.js';
import { decodeRecord } from '../record/index.js';

const HEARTBEAT_FIELD = 33;
const NOTE_FIELD = 100;
const DELIMITED = 2;

/** Whether a record of kind `heartbeat` bears the signature of its node over what it says (docs/nats.md). */
export function isHeartbeatSigned(record: Uint8Array, origin: string, key: VerifierKey): boolean {
  const decoded = decodeRecord(record);
  const heartbeat = decoded.ok ? decoded.record.heartbeat : null;
  const body = field(record, HEARTBEAT_FIELD)?.body;
  if (!heartbeat || body === undefined) return false;
  const before = body.subarray(0, field(body, NOTE_FIELD)?.start ?? body.length);
  const digest = createHash('sha256').update(before).digest('base64');
  const text = `${origin}/heartbeat\n${heartbeat.number}\n${digest}\n`;
  return parseNote(heartbeat.note)?.text === text && verifyNote(heartbeat.note, key);
}

interface Field {
  /** Where its tag begins. */
  readonly start: number;
  readonly body: Uint8Array;
}

/** The first field of that number, which must have a length. The bytes were decoded before, so they are sound. */
function field(message: Uint8Array, wanted: number): Field | null {
  let at = 0;
  while (at < message.length) {
    const start = at;
    const tag = varint(message, at);
    at = skip(message, tag.end, tag.value % 8);
    if (Math.floor(tag.value / 8) !== wanted || tag.value % 8 !== DELIMITED) continue;
    return { start, body: message.subarray(varint(message, tag.end).end, at) };
  }
  return null;
}

function skip(message: Uint8Array, at: number, type: number): number {
  if (type === 0) return varint(message, at).end;
  if (type === 1) return at + 8;
  if (type === 5) return at + 4;
  if (type !== DELIMITED) return message.length;
  const length = varint(message, at);
  return length.end + length.value;
}

function varint(message: Uint8Array, at: number): { value: number; end: number } {
  let value = 0;
  for (let index = 0; index < 10; index += 1) {
    const byte = message[at + index] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, end: at + index + 1 };
  }
  return { value, end: message.length };
}
