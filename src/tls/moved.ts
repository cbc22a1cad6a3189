/** Outer content types (RFC 8446, section 5.1). */
const CHANGE_CIPHER_SPEC = 20;
const CHANGE_BYTES = 6;
const APPLICATION_DATA = 23;

/**
 * What a client sends behind its ClientHello without saying anything. TLS 1.3: ChangeCipherSpec (6), Finished (58 or 74)
 * and close_notify (24). TLS 1.2: ClientKeyExchange of an elliptic curve, ChangeCipherSpec and Finished (126), and
 * close_notify (31). A client certificate, an RSA key exchange and a second ClientHello are longer, and count as data where
 * only the sum is known. bpf/lib/sealed.h has the same bound.
 */
const HANDSHAKE_SENT = 160n;
/** An alert in clear, a ServerHello without anything else: the server refused or was never there. */
const REFUSAL_RECEIVED = 64n;

/**
 * Does this piece of a connection, which follows the ClientHello, belong to what only an encrypted session sends? Behind a
 * ChangeCipherSpec a handshake may go on in records of its own.
 */
export const isData = (bytes: Uint8Array): boolean =>
  bytes[bytes[0] === CHANGE_CIPHER_SPEC ? CHANGE_BYTES : 0] === APPLICATION_DATA;

/** Did so many bytes behind the ClientHello say something? `received`: in all; null: not known. */
export const wasData = (sent: bigint, received: bigint | null): boolean =>
  sent > HANDSHAKE_SENT && (received === null || received > REFUSAL_RECEIVED);
