import { join } from 'node:path';

export const PROTOCOL_VERSION = 1;

/** A request is one line. */
export const MAX_REQUEST_BYTES = 4096;

/** Connections at once. */
export const MAX_CLIENTS = 64;

/** How many of them may be readers of records, who stay: the rest is for short questions. */
export const MAX_READERS = 48;

/** What may wait for a reader of live records before it is dropped. */
export const MAX_WAITING_BYTES = 1024 * 1024;

/** One record in base64 and its frame; a longer line is not ours. */
export const MAX_REPLY_BYTES = 32 * 1024 * 1024;

export const readSocketPath = (runDir: string): string => join(runDir, 'watchfloor.sock');

export type Request =
  | { readonly type: 'tail'; readonly after: bigint; readonly follow: boolean }
  | { readonly type: 'last' | 'status' | 'agents' | 'coverage' }
  | { readonly type: 'explain'; readonly pid: number };

export type ParsedRequest =
  { readonly ok: true; readonly request: Request } | { readonly ok: false; readonly error: string };

const refuse = (error: string): ParsedRequest => ({ ok: false, error });

/** One line of a client. Never throws. */
export const parseRequest = (line: string): ParsedRequest => {
  let body: unknown;
  try {
    body = JSON.parse(line);
  } catch {
    return refuse('the request is not JSON');
  }
  if (typeof body !== 'object' || body === null) return refuse('the request is not an object');
  const { v, type, pid, after = 0, follow = false } = body as Record<string, unknown>;
  if (v !== PROTOCOL_VERSION) return refuse(`this daemon speaks version ${PROTOCOL_VERSION}`);
  if (type === 'last' || type === 'status' || type === 'agents' || type === 'coverage') {
    return { ok: true, request: { type } };
  }
  if (type === 'explain') {
    if (!isPid(pid)) return refuse('pid is the number of a process');
    return { ok: true, request: { type, pid } };
  }
  if (type !== 'tail')
    return refuse('type is one of: tail, last, status, agents, coverage, explain');
  if (typeof after !== 'number' || !Number.isSafeInteger(after) || after < 0) {
    return refuse('after is a sequence number');
  }
  if (typeof follow !== 'boolean') return refuse('follow is true or false');
  return { ok: true, request: { type, after: BigInt(after), follow } };
};

/** PID_MAX_LIMIT of Linux on 64 bits is 2^22. */
const MAX_PID = 4_194_304;

const isPid = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MAX_PID;

/** Splits a stream into lines; null once a line is longer than `mostBytes`. */
export class LineReader {
  #rest: Buffer[] = [];
  #restBytes = 0;

  constructor(private readonly mostBytes: number) {}

  push(chunk: Buffer): string[] | null {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      this.#keep(chunk.subarray(from, end));
      if (this.#restBytes > this.mostBytes) return null;
      lines.push(Buffer.concat(this.#rest, this.#restBytes).toString('utf8'));
      this.#rest = [];
      this.#restBytes = 0;
      from = end + 1;
    }
    this.#keep(chunk.subarray(from));
    return this.#restBytes > this.mostBytes ? null : lines;
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#rest.push(part);
    this.#restBytes += part.length;
  }
}
