/** A line of the protocol: an INFO of a large cluster is the longest there is. */
const MAX_LINE_BYTES = 64 * 1024;
/** A message we may have asked for: one record, or what one pull gives. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const VERSION = /^\d{1,6}\.\d{1,6}\.\d{1,6}/;

/**
 * Reads what a server sends before the client's own parser does: that one keeps a line or a payload of any length, and
 * ends without ending the connection when it meets what is no NATS. It keeps less than one line itself.
 */
export class ProtocolGuard {
  private line: Buffer[] = [];
  private lineBytes = 0;
  /** Bytes of payload to come, with the line end behind it. */
  private payload = 0;

  /** What is wrong with the bytes; null: nothing. After an answer it is not asked again. */
  check(chunk: Buffer): string | null {
    for (let at = 0; at < chunk.length;) {
      if (this.payload > 0) {
        const taken = Math.min(this.payload, chunk.length - at);
        if (!this.isPayload(chunk, at, taken)) return 'a message does not end where it said';
        this.payload -= taken;
        at += taken;
        continue;
      }
      const end = chunk.indexOf(NEWLINE, at);
      const piece = chunk.subarray(at, end < 0 ? chunk.length : end + 1);
      this.lineBytes += piece.length;
      if (this.lineBytes > MAX_LINE_BYTES) return 'a line is longer than 64 KiB';
      if (end < 0) {
        // A copy: the chunk may be many lines long.
        this.keep(piece);
        return null;
      }
      const line = this.line.length === 0 ? piece : Buffer.concat([...this.line, piece]);
      this.line = [];
      this.lineBytes = 0;
      const payload = checkLine(line);
      if (typeof payload === 'string') return payload;
      this.payload = payload;
      at = end + 1;
    }
    return null;
  }

  /** Pieces of one byte must not cost more than what they hold. */
  private keep(piece: Buffer): void {
    this.line.push(Buffer.from(piece));
    if (this.line.length > 64) this.line = [Buffer.concat(this.line)];
  }

  /** The last two bytes are the line end. */
  private isPayload(chunk: Buffer, at: number, taken: number): boolean {
    const left = this.payload - taken;
    const last = chunk[at + taken - 1];
    if (left === 1) return last === RETURN;
    if (left > 0) return true;
    return last === NEWLINE && (taken === 1 || chunk[at + taken - 2] === RETURN);
  }
}

/** Bytes of payload behind a line, 0 where none comes; or what is wrong with the line. */
function checkLine(line: Buffer): number | string {
  if (line.at(-2) !== RETURN) return 'a line ends without a return';
  const text = line.subarray(0, -2).toString('latin1');
  if (text.startsWith('MSG ') || text.startsWith('HMSG ')) return payloadOf(text);
  if (text === 'PING' || text === 'PONG' || text === '+OK') return 0;
  if (/^-ERR +[^ \r]/.test(text)) return 0;
  if (text.startsWith('INFO ')) return parseInfo(line) === null ? 'an INFO is unreadable' : 0;
  return 'what comes is not the NATS protocol';
}

// JetStream's acks come with the empty reply between two blanks.
/** With two blanks where a server writes an empty reply. */
const MESSAGE = /^MSG [^\s]+ \d{1,10} +(?:[^\s]+ +)?(\d{1,10})$/;
const HEADED = /^HMSG [^\s]+ \d{1,10} +(?:[^\s]+ +)?(\d{1,10}) (\d{1,10})$/;

/** `MSG subject sid [reply] bytes`, and with headers `HMSG subject sid [reply] header-bytes bytes`. */
function payloadOf(text: string): number | string {
  const [, headers = '0', total] = HEADED.exec(text) ?? [];
  const bytes = Number(total ?? MESSAGE.exec(text)?.[1]);
  if (!(Number(headers) <= bytes)) return 'a message line is unreadable';
  return bytes > MAX_MESSAGE_BYTES ? `a message of ${bytes} bytes was announced` : bytes + 2;
}

/** What the client takes from an INFO without looking. */
export interface ServerInfo {
  readonly tlsRequired: boolean;
  readonly tlsAvailable: boolean;
}

/** An INFO line whole, with its line end; null: none that the client could read. */
export function parseInfo(line: Buffer): ServerInfo | null {
  const text = line.toString('utf8').trim();
  let info: unknown;
  try {
    info = text.startsWith('INFO ') ? JSON.parse(text.slice(5)) : null;
  } catch {
    return null;
  }
  if (typeof info !== 'object' || info === null || Array.isArray(info)) return null;
  const { version, nonce, max_payload, tls_required, tls_available } = info as Partial<
    Record<string, unknown>
  >;
  if (typeof version !== 'string' || !VERSION.test(version)) return null;
  if (nonce !== undefined && typeof nonce !== 'string') return null;
  if (typeof max_payload !== 'number' || max_payload < 1) return null;
  return { tlsRequired: tls_required === true, tlsAvailable: tls_available === true };
}
