import type { CoverageState } from '../event/index.js';
import type { Attachments } from './attachments.js';
import { bestOf, stacksOf } from './judge.js';
import type { WatchedProcess } from './watched-process.js';

/** What a record about TLS says of the stack behind it; absent: not known. */
export interface ShownStack {
  readonly library?: string;
  readonly coverage?: CoverageState;
}

/**
 * Of plaintext the stack it came through. Of a handshake nobody tells the stack: it is the one that can be read best, and
 * where these are several, the one that was used before or none.
 */
export function shownOf(
  process: WatchedProcess | undefined,
  attachment: number | null,
  attachments: Attachments,
): ShownStack {
  const through = attachments.through(attachment);
  if (through !== null) return { library: through.stack.library, coverage: 'plaintext' };
  const best = process === undefined ? null : bestOf(process.rows);
  if (process === undefined || best === null) return {};
  const isComing = stacksOf(process, attachments).some(({ of }) => of.state === 'attaching');
  if (isComing && best.state !== 'plaintext') return {};
  const equals = [...process.rows.values()].filter(({ state }) => state === best.state);
  const isOne = equals.every(({ library }) => library === best.library);
  const library = isOne ? best.library : process.through?.library;
  return library === undefined ? { coverage: best.state } : { library, coverage: best.state };
}
