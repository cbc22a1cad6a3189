import { PT_LOAD, type Segment } from './headers.js';
import { readRange, type FileReader } from './reader.js';

/** A piece of a segment, with some bytes of the next piece behind it so that nothing is cut apart. */
export interface Block {
  readonly address: number;
  /** All of it: what is this block's own, and behind it the overlap. */
  readonly view: DataView;
  /** Bytes of its own. */
  readonly length: number;
}

const BLOCK = 256 * 1024;

/** Segments with code, or without. */
export const loadedSegments = (segments: readonly Segment[], executable: boolean): Segment[] =>
  segments.filter((s) => s.type === PT_LOAD && s.executable === executable && s.fileSize > 0);

/** All bytes of these segments in order, a block at a time. Each block's memory may be given back when the next is asked for. */
export function* blocks(
  reader: FileReader,
  segments: readonly Segment[],
  overlap: number,
): Generator<Block> {
  for (const { offset, address, fileSize } of segments) {
    for (let from = 0; from < fileSize; from += BLOCK) {
      const length = Math.min(BLOCK, fileSize - from);
      const whole = Math.min(length + overlap, fileSize - from);
      const view = readRange(reader, offset + from, whole);
      if (view === null) break;
      yield { address: address + from, view, length };
    }
  }
}
