import type { Ending } from './process.js';

/** The signer cannot be started. `remedy` says what the operator can do about it. */
export class SignerError extends Error {
  override readonly name = 'SignerError';
  /** errno name. EPERM: its files are open to others. EINVAL: they do not fit together. EBUSY: another signer has them. */
  readonly code: string;
  readonly operation = 'start signer';
  readonly remedy: string;

  constructor(directory: string, ending: Ending) {
    const [code, remedy] = judge(ending, directory);
    super(`start signer in ${directory}: ${ending.reason}; ${remedy}`);
    this.code = code;
    this.remedy = remedy;
  }
}

const BUILD = 'run `npm run build:native`';

/** Exit codes are those of native/signer/main.cc; 127 is the dynamic linker's. */
function judge({ by }: Ending, directory: string): readonly [code: string, remedy: string] {
  switch (by) {
    case 75:
      return ['EBUSY', 'stop the other watchfloor that uses this state directory'];
    case 77:
      return ['EPERM', `make ${directory} and its files belong to this user alone (0700, 0600)`];
    case 78:
      return [
        'EINVAL',
        `give the node the name it had, or restore ${directory}; a new history begins only when signer/ and journal/ are moved away`,
      ];
    case 127:
      return ['ELIBACC', `install libcrypto (package libssl3), or ${BUILD}`];
    default:
      return typeof by === 'string' && by.startsWith('E')
        ? [by, BUILD]
        : ['EIO', `look at the disk of ${directory}`];
  }
}
