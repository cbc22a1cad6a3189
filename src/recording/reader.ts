import { closeSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { decodeEntry, decodeHeader, FRAME_HEAD_BYTES, MAGIC, MAX_FRAME_BYTES } from './format.js';
import type { Entry, RecordingHeader } from './format.js';

/** How a recording ended: on purpose, or in the middle of a frame, as after a crash. */
export type RecordingEnd =
  | { readonly end: 'complete'; readonly reason: 'stopped' | 'limit' }
  | { readonly end: 'torn'; readonly atByte: number; readonly reason: string };

export type Recording =
  | {
      readonly ok: true;
      readonly header: RecordingHeader;
      /** Once. The last thing returned says how it ended; what stands before a damage is given. */
      entries(): Generator<Entry, RecordingEnd>;
    }
  | { readonly ok: false; readonly reason: string };

type Frame =
  { readonly ok: true; readonly payload: Buffer } | { readonly ok: false; readonly reason: string };

/** Opens a recording. Throws only when the file cannot be opened; a foreign or damaged one is a value. */
export const readRecording = (path: string): Recording => {
  const fd = openSync(path, 'r');
  const file = new FrameFile(fd);
  const refuse = (reason: string): Recording => {
    closeSync(fd);
    return { ok: false, reason };
  };
  if (!file.bytes(MAGIC.length).equals(MAGIC)) return refuse('it is not a recording');
  const first = file.frame();
  if (!first.ok) return refuse(`its header is damaged: ${first.reason}`);
  const header = decodeHeader(first.payload);
  if (!header.ok) return refuse(header.reason);
  return { ok: true, header: header.value, entries: () => entries(file, fd) };
};

function* entries(file: FrameFile, fd: number): Generator<Entry, RecordingEnd> {
  try {
    for (;;) {
      const atByte = file.position;
      const frame = file.frame();
      if (!frame.ok) return { end: 'torn', atByte, reason: frame.reason };
      const entry = decodeEntry(frame.payload);
      if (!entry.ok) return { end: 'torn', atByte, reason: entry.reason };
      if (entry.value.entry === 'end') return { end: 'complete', reason: entry.value.reason };
      yield entry.value;
    }
  } finally {
    closeSync(fd);
  }
}

class FrameFile {
  position = 0;

  constructor(private readonly fd: number) {}

  /** As many bytes as there are, up to `length`. */
  bytes(length: number): Buffer {
    const buffer = Buffer.alloc(length);
    let have = 0;
    while (have < length) {
      const count = readSync(this.fd, buffer, have, length - have, this.position);
      if (count === 0) break;
      have += count;
      this.position += count;
    }
    return buffer.subarray(0, have);
  }

  frame(): Frame {
    const head = this.bytes(FRAME_HEAD_BYTES);
    if (head.length === 0) return { ok: false, reason: 'the file ends without an end entry' };
    if (head.length < FRAME_HEAD_BYTES)
      return { ok: false, reason: 'the file ends inside a frame' };
    const length = head.readUInt32LE(0);
    if (length === 0 || length > MAX_FRAME_BYTES)
      return { ok: false, reason: 'impossible frame length' };
    const payload = this.bytes(length);
    if (payload.length < length) return { ok: false, reason: 'the file ends inside a frame' };
    if (crc32(payload) !== head.readUInt32LE(4)) return { ok: false, reason: 'wrong checksum' };
    return { ok: true, payload };
  }
}
