import type { Image } from '../elf/index.js';
import type { ProbeSite, TlsLibrary } from '../event/index.js';

/** A TLS stack a file holds: its functions, or why they could not be told. */
export type Found =
  | {
      readonly library: TlsLibrary;
      readonly by: 'symbols' | 'anchors';
      readonly sites: readonly ProbeSite[];
    }
  | { readonly library: TlsLibrary; readonly refused: string };

/** One way to find the functions of one library. null: the file does not hold that library. */
export type Family = (image: Image) => Found | null;
