import { fileIdText, type FileId } from './file-id.js';

/**
 * How a function is called, as far as a probe must know. Arguments by the C convention of the machine, but for `go_*`.
 * The first argument names the TLS session: SSL*, gnutls_session_t, an AEAD context, a *tls.Conn.
 */
export const TLS_CALLS = [
  /** (session, buffer, length): the bytes taken, or not above 0. */
  'write',
  'read',
  /** (session, buffer, length, size_t *moved): above 0 when done. */
  'write_ex',
  'read_ex',
  /** (session, buffer, length, flags, size_t *moved): above 0 when done. OpenSSL 3.3's ssl_write_internal. */
  'write_flags_ex',
  /** (session) */
  'free',
  /**
   * EVP_AEAD_CTX_seal, _seal_scatter and _open of AWS-LC: the context has one direction; a TLS 1.3 plaintext ends with its
   * content type.
   */
  'aead_seal',
  'aead_seal_scatter',
  'aead_open',
  /** crypto/tls.(*Conn).Write and Read: Go's register convention. */
  'go_write',
  'go_read',
  /** crypto/tls.(*Conn).Close: the session's end. */
  'go_close',
] as const;
export type TlsCall = (typeof TLS_CALLS)[number];

/** A function of a file and where its probes go. Offsets are into the file. */
export interface ProbeSite {
  readonly call: TlsCall;
  /** An instruction at which the arguments are still where the caller put them and the stack pointer has not moved. */
  readonly entry: number;
  /** Instructions that leave the function, where a return probe cannot be: Go. Empty: a return probe on the entry. */
  readonly returns: readonly number[];
}

export const TLS_LIBRARIES = [
  'openssl',
  'boringssl',
  'gnutls',
  'nss',
  'go',
  'aws-lc',
  'ring',
] as const;
export type TlsLibrary = (typeof TLS_LIBRARIES)[number];

/** An executable file that holds a TLS stack we can read. A file may hold several, one of these each. */
export interface TlsStack {
  readonly file: FileId;
  readonly path: string;
  readonly library: TlsLibrary;
  /** `anchors`: told by what its code looks like, so nothing is believed before the first bytes are plausible. */
  readonly by: 'symbols' | 'anchors';
  readonly sites: readonly ProbeSite[];
}

/** One library of one file, as a key of maps. */
export const stackId = ({ file, library }: Pick<TlsStack, 'file' | 'library'>): string =>
  `${fileIdText(file)} ${library}`;
