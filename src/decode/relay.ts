import type { KernelEvent, ProcessKey } from '../event/index.js';
import { readTuple } from './address.js';
import { type Header, readKey } from './header.js';
import { WF_FD_RELAY, WF_PROCESS_KEY, WfLimits } from './layout.gen.js';
import type { Reason } from './record.js';
import { bytesAt } from './tail.js';
import { fixedText } from './text.js';

export function readFdRelay(view: DataView, { base }: Header): KernelEvent | Reason {
  const comm = bytesAt(view, WF_FD_RELAY.comm, WfLimits.COMM_LEN);
  if (view.byteLength < WF_FD_RELAY.SIZE || comm === null) return 'short_body';
  const tuple = readTuple(view, WF_FD_RELAY.tuple);
  const opener = readNamed(view, WF_FD_RELAY.opener);
  const user = readNamed(view, WF_FD_RELAY.user);
  if (tuple === null || user === null) return 'unknown_value';
  return {
    kind: 'fd_relay',
    ...base,
    cookie: view.getBigUint64(WF_FD_RELAY.cookie, true),
    tuple,
    opener: opener && { key: opener, root: readNamed(view, WF_FD_RELAY.opener_root) },
    user: { key: user, root: readNamed(view, WF_FD_RELAY.user_root) },
    comm: fixedText(comm),
  };
}

/** No process has pid 0: it is the kernel's word for nobody. */
function readNamed(view: DataView, at: number): ProcessKey | null {
  const key = readKey(view, at + WF_PROCESS_KEY.tgid, at + WF_PROCESS_KEY.start_ns);
  return key.tgid === 0 ? null : key;
}
