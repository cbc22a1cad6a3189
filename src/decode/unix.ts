import type { KernelEvent } from '../event/index.js';
import type { Header } from './header.js';
import { WF_UNIX_OPEN, WfLimits } from './layout.gen.js';
import type { Reason } from './record.js';
import { bytesAt } from './tail.js';
import { fixedText, text } from './text.js';

export function readUnixOpen(view: DataView, { base }: Header): KernelEvent | Reason {
  if (view.byteLength < WF_UNIX_OPEN.SIZE) return 'short_body';
  const captured = view.getUint32(WF_UNIX_OPEN.captured, true);
  const bytes = bytesAt(view, WF_UNIX_OPEN.path, captured);
  if (bytes === null || captured > WfLimits.UNIX_PATH_MAX) return 'bad_length';
  return {
    kind: 'unix_open',
    ...base,
    cookie: view.getBigUint64(WF_UNIX_OPEN.cookie, true),
    path: socketName(bytes),
    netns: view.getUint32(WF_UNIX_OPEN.netns, true),
  };
}

/** As /proc/net/unix shows it: an abstract name may hold any byte, and each NUL of it is written `@` (unix(7)). */
function socketName(bytes: Uint8Array): string {
  if (bytes[0] !== 0) return fixedText(bytes);
  return text(bytes).replaceAll('\0', '@');
}
