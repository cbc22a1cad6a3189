import type { JetStreamManager, NatsConnection } from 'nats';
import { NatsError } from 'nats';

const TIMEOUT_MS = 5000;

/** Of nats-server's errors.json: consumer not found, stream not found. */
const CONSUMER_NOT_FOUND = 10014;
const STREAM_NOT_FOUND = 10059;
/** In a MSG.GET: no message found. */
export const NO_MESSAGE = 10037;
export const NO_CONSUMER: ReadonlySet<number> = new Set([CONSUMER_NOT_FOUND, STREAM_NOT_FOUND]);

/** Without a question to the account first: a node may not be allowed to ask it. */
export const managerOf = async (connection: NatsConnection): Promise<JetStreamManager> =>
  connection.jetstreamManager({ checkAPI: false, timeout: TIMEOUT_MS });

/** JetStream's own error number, 0 where it gave none. */
export const apiCode = (error: unknown): number =>
  error instanceof NatsError ? (error.api_error?.err_code ?? 0) : 0;

export const textOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
