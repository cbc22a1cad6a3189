import type { InvalidRecord, KernelEvent } from '../event/index.js';
import type { Header } from './header.js';
import { WfKind } from './layout.gen.js';
import { readFlowOpen, readFlowState, readFlowUpdate, readWireHead } from './network.js';
import { readExec, readExit, readFork, readRename, readSeed } from './process.js';
import { readFdRelay } from './relay.js';
import { readTlsData, readTlsFree, readTlsSend } from './tls.js';
import { readUnixOpen } from './unix.js';

export type Reason = InvalidRecord['reason'];

/** One record behind its header: an event, or why it is none. */
export type RecordDecoder = (view: DataView, header: Header) => KernelEvent | Reason;

const DECODERS: Readonly<Record<number, RecordDecoder>> = {
  [WfKind.FORK]: readFork,
  [WfKind.EXEC]: readExec,
  [WfKind.EXIT]: readExit,
  [WfKind.SEED]: readSeed,
  [WfKind.RENAME]: readRename,
  [WfKind.FLOW_OPEN]: readFlowOpen,
  [WfKind.FLOW_STATE]: readFlowState,
  [WfKind.FLOW_UPDATE]: readFlowUpdate,
  [WfKind.WIRE_HEAD]: readWireHead,
  [WfKind.UNIX_OPEN]: readUnixOpen,
  [WfKind.FD_RELAY]: readFdRelay,
  [WfKind.TLS_SEND]: readTlsSend,
  [WfKind.TLS_DATA]: readTlsData,
  [WfKind.TLS_FREE]: readTlsFree,
};

/** `view` is exactly one record, as long as its header says. */
export function decodeRecord(view: DataView, header: Header): KernelEvent | Reason {
  const decoder = DECODERS[header.kind];
  return decoder === undefined ? 'unknown_kind' : decoder(view, header);
}
