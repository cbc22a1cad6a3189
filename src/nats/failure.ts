import { NatsError } from 'nats';

/** What went wrong with a connection, by what an operator would look at. */
export type FailureKind =
  'auth' | 'tls' | 'dns' | 'refused' | 'timeout' | 'protocol' | 'permission' | 'lost';

/** A connection that could not be made or kept. Its text holds no secret. */
export class LinkFailure extends Error {
  override readonly name = 'LinkFailure';

  constructor(
    readonly kind: FailureKind,
    message: string,
  ) {
    super(clean(message));
  }
}

/** Text from outside: one line that no terminal obeys, and short. */
export const clean = (text: string): string =>
  text
    .slice(0, MAX_TEXT)
    .replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, ' ')
    .trim();
const MAX_TEXT = 300;

const DNS = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME']);
const REFUSED = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN']);
const LOST = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);
/** OpenSSL's, and those of Node's own checks of a certificate. */
const TLS = /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH)/;

export function classify(error: unknown): LinkFailure {
  if (error instanceof LinkFailure) return error;
  if (error instanceof AggregateError && error.errors.length > 0) return classify(error.errors[0]);
  if (error instanceof NatsError) return classifyNats(error);
  if (!(error instanceof Error)) return new LinkFailure('lost', 'the connection ended');
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (DNS.has(code)) return new LinkFailure('dns', message);
  if (REFUSED.has(code)) return new LinkFailure('refused', message);
  if (code === 'ETIMEDOUT') return new LinkFailure('timeout', message);
  if (TLS.test(code)) return new LinkFailure('tls', message);
  if (LOST.has(code)) return new LinkFailure('lost', message);
  return new LinkFailure('protocol', message);
}

function classifyNats(error: NatsError): LinkFailure {
  if (error.isAuthError() || error.isAuthTimeout()) return new LinkFailure('auth', error.message);
  if (error.isPermissionError()) return new LinkFailure('permission', error.message);
  switch (error.code) {
    case 'CONNECTION_REFUSED':
      return new LinkFailure('refused', 'connection refused');
    case 'TIMEOUT':
    case 'CONNECTION_TIMEOUT':
      return new LinkFailure('timeout', 'the server did not answer in time');
    case 'BAD_CREDS':
    case 'BAD_AUTHENTICATION':
      return new LinkFailure('auth', error.message);
    default:
      return new LinkFailure('protocol', error.message);
  }
}
