import type { Msg } from 'nats';
import { classify, clean } from './failure.js';

/** Why a message was not stored, by what an operator would change. */
export type RefusalKind =
  | 'no_stream' // no stream takes this subject, or JetStream is off
  | 'full' // a limit of the stream, the account or the disk
  | 'too_large' // of the server or of the stream
  | 'permission'
  | 'unavailable' // JetStream is there and cannot now, such as without a leader
  | 'refused'; // anything else the server said

export interface Refusal {
  readonly kind: RefusalKind;
  readonly text: string;
}

export type Ack =
  | { readonly stored: true; readonly stream: string; readonly duplicate: boolean }
  | { readonly stored: false; readonly refusal: Refusal };

/** An ack is a line; what is longer is none. */
const MAX_BYTES = 4096;
const NO_RESPONDERS = 503;

/** By number in nats-server's errors.json. */
const KINDS: Readonly<Record<number, RefusalKind>> = {
  10008: 'unavailable', // JetStream system temporarily unavailable
  10009: 'unavailable', // no cluster leader
  10023: 'full', // insufficient resources
  10028: 'full', // memory of the account
  10035: 'no_stream', // JetStream not enabled for the account
  10039: 'no_stream',
  10047: 'full', // storage of the account
  10054: 'too_large', // max_msg_size of the stream
  10059: 'no_stream',
  10076: 'no_stream', // JetStream not enabled
  10077: 'full', // the store failed: maximum bytes or messages exceeded, or its disk
  10109: 'refused', // sealed
};

/** What JetStream answered; null: what came is no answer. */
export function parseAck({ data, headers }: Pick<Msg, 'data' | 'headers'>): Ack | null {
  if (data.length === 0 && headers?.code === NO_RESPONDERS) {
    return refuse('no_stream', 'no stream takes it, or JetStream is not enabled');
  }
  const ack = data.length > MAX_BYTES ? null : parseObject(data);
  if (ack === null) return null;
  const { error, stream, seq, duplicate } = ack;
  if (typeof error === 'object' && error !== null) return refusalOf(error);
  const fits = typeof stream === 'string' && Number.isSafeInteger(seq) && Number(seq) > 0;
  return fits ? { stored: true, stream, duplicate: duplicate === true } : null;
}

function refusalOf(error: object): Ack {
  const { err_code, description } = error as Partial<Record<string, unknown>>;
  const text = typeof description === 'string' ? clean(description) : '';
  const kind = KINDS[Number(err_code)] ?? 'refused';
  return refuse(kind, text === '' ? 'the server did not say why' : text);
}

const refuse = (kind: RefusalKind, text: string): Ack => ({
  stored: false,
  refusal: { kind, text },
});

function parseObject(data: Uint8Array): Partial<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    return null;
  }
}

/** What the client itself does not publish. */
export function refusalOfError(error: unknown): Refusal {
  const tooLarge =
    error instanceof Error && 'code' in error && error.code === 'MAX_PAYLOAD_EXCEEDED';
  return tooLarge
    ? { kind: 'too_large', text: 'larger than the server takes' }
    : { kind: 'refused', text: classify(error).message };
}
