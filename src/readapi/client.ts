import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { LineReader, MAX_REPLY_BYTES, PROTOCOL_VERSION } from './protocol.js';
import type { CommittedRecord } from './source.js';

/**
 * The daemon cannot be asked. `code`: that of the system call (ENOENT, ECONNREFUSED, EACCES, ...), `REFUSED` when the daemon
 * answered so, `PROTOCOL` when what answers is not the daemon.
 */
export class ReadApiError extends Error {
  override readonly name = 'ReadApiError';

  constructor(
    readonly code: string,
    readonly operation: string,
    message: string,
  ) {
    super(message);
  }
}

type Reply = Readonly<Record<string, unknown>>;

/** One question, one answer: the value under the key named as the question. `pid`: of the process to explain. */
export const ask = async (
  socketPath: string,
  type: 'status' | 'agents' | 'coverage' | 'last' | 'explain',
  about: { readonly pid?: number } = {},
): Promise<unknown> => {
  for await (const reply of replies(socketPath, { v: PROTOCOL_VERSION, type, ...about })) {
    if (type in reply) return reply[type];
  }
  throw new ReadApiError('PROTOCOL', type, 'the daemon closed the connection without an answer');
};

/**
 * Records after `after`, oldest first. With `follow` it goes on until the daemon goes away, without it to what is
 * committed now. Stopping to iterate closes the connection.
 */
export async function* followRecords(
  socketPath: string,
  after: bigint,
  follow: boolean,
): AsyncGenerator<CommittedRecord> {
  const request = { v: PROTOCOL_VERSION, type: 'tail', after: Number(after), follow };
  for await (const { seq, record } of replies(socketPath, request)) {
    if (typeof seq !== 'number' || typeof record !== 'string') return;
    yield { seq: BigInt(seq), bytes: Buffer.from(record, 'base64') };
  }
}

async function* replies(socketPath: string, request: unknown): AsyncGenerator<Reply> {
  const socket = await open(socketPath);
  const lines = new LineReader(MAX_REPLY_BYTES);
  try {
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const chunk of socket) {
      const found = lines.push(chunk as Buffer);
      if (found === null) throw new ReadApiError('PROTOCOL', 'read', 'an answer is too long');
      for (const line of found) yield parseReply(line);
    }
  } catch (error) {
    throw asReadApiError(error, 'read');
  } finally {
    socket.destroy();
  }
}

const open = async (socketPath: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      resolve(socket);
    });
    socket.once('error', (error) => {
      reject(asReadApiError(error, 'connect'));
    });
  });

const parseReply = (line: string): Reply => {
  let reply: unknown;
  try {
    reply = JSON.parse(line);
  } catch {
    throw new ReadApiError('PROTOCOL', 'read', 'what answers is not a watchfloor daemon');
  }
  if (typeof reply !== 'object' || reply === null) {
    throw new ReadApiError('PROTOCOL', 'read', 'what answers is not a watchfloor daemon');
  }
  const { error } = reply as Reply;
  if (typeof error === 'string') throw new ReadApiError('REFUSED', 'request', error);
  return reply as Reply;
};

const asReadApiError = (error: unknown, operation: string): ReadApiError => {
  if (error instanceof ReadApiError) return error;
  const { code = 'PROTOCOL', message } = error as NodeJS.ErrnoException;
  return new ReadApiError(code, operation, message);
};
