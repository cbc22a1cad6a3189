/** What a version of QUIC has of its own in an Initial packet. */
export interface QuicVersion {
  /** As in `tls.quic` of a record. */
  readonly name: string;
  readonly salt: Uint8Array;
  /** What the labels of its keys begin with. */
  readonly label: string;
  /** The two bits of a long header, by type of packet. */
  readonly initial: number;
  readonly retry: number;
}

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

/** RFC 9001 5.2. */
const ONE: QuicVersion = {
  name: '1',
  salt: bytes('38762cf7f55934b34d179ae6a4c80cadccbb7f0a'),
  label: 'quic',
  initial: 0,
  retry: 3,
};
/** RFC 9369 3: everything of it is moved, so that nothing grows fast in the first version. */
const TWO: QuicVersion = {
  name: '2',
  salt: bytes('0dede3def700a6db819381be6e269dcbf9bd2ed9'),
  label: 'quicv2',
  initial: 1,
  retry: 0,
};
/** draft-ietf-quic-tls-29 to 32, which some servers still take. */
const DRAFT_SALT = bytes('afbfec289993d24c9e9786f19c6111e04390a899');
const DRAFT_FIRST = 0xff00001d;
const DRAFT_LAST = 0xff000020;

/** null: nobody knows its keys. */
export function quicVersion(number: number): QuicVersion | null {
  if (number === 1) return ONE;
  if (number === 0x6b3343cf) return TWO;
  if (number < DRAFT_FIRST || number > DRAFT_LAST) return null;
  return { ...ONE, name: `draft-${number & 0xff}`, salt: DRAFT_SALT };
}

/** Such as `1`, `2`, `draft-29`; `0x1a2a3a4a` where it has no name. */
export const quicVersionName = (number: number): string =>
  quicVersion(number)?.name ?? `0x${number.toString(16).padStart(8, '0')}`;
