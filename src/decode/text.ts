import { isUtf8 } from 'node:buffer';

/**
 * Bytes of another program as text that keeps the evidence: valid UTF-8 as it is, any other byte as `\xNN`. Escaping
 * control characters is left to whoever prints; here nothing that was seen is lost or replaced.
 */
export function text(bytes: Uint8Array): string {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(view) ? view.toString('utf8') : mixed(view);
}

/** Splits argv as the kernel holds it: every argument ends with NUL, the last one only when it was not cut. */
export function splitArgv(bytes: Uint8Array): string[] {
  const argv: string[] = [];
  let start = 0;
  while (start < bytes.length) {
    const nul = bytes.indexOf(0, start);
    const end = nul === -1 ? bytes.length : nul;
    argv.push(text(bytes.subarray(start, end)));
    start = end + 1;
  }
  return argv;
}

/** A fixed array of characters, cut at its first NUL. */
export function fixedText(bytes: Uint8Array): string {
  const nul = bytes.indexOf(0);
  return text(nul === -1 ? bytes : bytes.subarray(0, nul));
}

function mixed(view: Buffer): string {
  let out = '';
  let at = 0;
  while (at < view.length) {
    const length = sequenceLength(view, at);
    out += length === 0 ? escapeByte(view.readUInt8(at)) : view.toString('utf8', at, at + length);
    at += Math.max(length, 1);
  }
  return out;
}

const escapeByte = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`;

/** Bytes of the valid UTF-8 sequence at `at`, 0 when there is none. */
function sequenceLength(view: Buffer, at: number): number {
  const first = view.readUInt8(at);
  const length = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (length === 0 || at + length > view.length) return 0;
  return isUtf8(view.subarray(at, at + length)) ? length : 0;
}
