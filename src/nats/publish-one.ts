import { parseAck } from './ack.js';
import { connectionOf } from './link.js';
import type { NatsLink } from './link.js';

const ACK_MS = 5000;

/**
 * One message into a stream, for those who send few: true when JetStream's ack says that it is stored there. Never
 * rejects; false says nothing about whether it was stored.
 */
export async function publishOne(
  link: NatsLink,
  stream: string,
  subject: string,
  data: Uint8Array | string,
): Promise<boolean> {
  const connection = connectionOf(link);
  if (connection === null) return false;
  try {
    const ack = parseAck(await connection.request(subject, data, { timeout: ACK_MS }));
    return ack?.stored === true && ack.stream === stream;
  } catch {
    return false;
  }
}
