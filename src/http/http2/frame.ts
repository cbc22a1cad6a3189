/** RFC 9113, section 4.1. */
export interface FrameHead {
  readonly length: number;
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
}

export const FRAME_HEAD = 9;

/** RFC 9113, section 6, in its order. */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

/** Frames are 16 KiB unless the other side allows more; Go's allows 1 MiB. */
const PLAUSIBLE_LENGTH = 1 << 20;
/** Of a type that is not known: those that are sent are short. */
const UNKNOWN_MAX = 16_384;
/** The bit above is reserved, and ignored. */
const STREAM_MASK = 0x7f;

/** The head of the frame that begins at `at`; null: not all of it is here. */
export function readFrameHead(bytes: Uint8Array, at: number): FrameHead | null {
  if (bytes.length - at < FRAME_HEAD) return null;
  const head = bytes.subarray(at, at + FRAME_HEAD);
  const [high = 0, middle = 0, low = 0, type = 0, flags = 0, first = 0, ...rest] = head;
  return {
    length: high * 65_536 + middle * 256 + low,
    type,
    flags,
    stream: rest.reduce((sum, byte) => sum * 256 + byte, first & STREAM_MASK),
  };
}

/** Does it keep to what RFC 9113, section 6, says of its length and stream? An empty HEADERS is trailers without any. */
export function isWellFormed({ length, type, stream }: FrameHead): boolean {
  switch (type) {
    case FRAME.data:
    case FRAME.headers:
    case FRAME.continuation:
      return stream > 0;
    case FRAME.priority:
      return stream > 0 && length === 5;
    case FRAME.rstStream:
      return stream > 0 && length === 4;
    case FRAME.settings:
      return stream === 0 && length % 6 === 0;
    case FRAME.pushPromise:
      return stream > 0 && length >= 4;
    case FRAME.ping:
      return stream === 0 && length === 8;
    case FRAME.goaway:
      return stream === 0 && length >= 8;
    case FRAME.windowUpdate:
      return length === 4;
    default:
      return length <= UNKNOWN_MAX;
  }
}

/** Could a frame begin here, where nothing else says so? Of random bytes one in some ten thousand could. */
export function isPlausible(head: FrameHead): boolean {
  const flags = FLAGS[head.type];
  if (flags === undefined || head.length > PLAUSIBLE_LENGTH) return false;
  if (head.type === FRAME.headers && head.length === 0) return false;
  return (head.flags & ~flags) === 0 && isWellFormed(head);
}

/** The flags of each type a sender begins with; a CONTINUATION is never the first. */
const FLAGS: Readonly<Record<number, number>> = {
  [FRAME.data]: FLAG.endStream | FLAG.padded,
  [FRAME.headers]: FLAG.endStream | FLAG.endHeaders | FLAG.padded | FLAG.priority,
  [FRAME.priority]: 0,
  [FRAME.rstStream]: 0,
  [FRAME.settings]: FLAG.ack,
  [FRAME.pushPromise]: FLAG.endHeaders | FLAG.padded,
  [FRAME.ping]: FLAG.ack,
  [FRAME.goaway]: 0,
  [FRAME.windowUpdate]: 0,
};
