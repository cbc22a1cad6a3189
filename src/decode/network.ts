import type { KernelEvent } from '../event/index.js';
import { readTuple } from './address.js';
import type { Header } from './header.js';
import {
  WF_FLOW_OPEN,
  WF_FLOW_STATE,
  WF_FLOW_UPDATE,
  WF_WIRE_HEAD,
  WfFlowVia,
} from './layout.gen.js';
import type { Reason } from './record.js';
import { bytesAt } from './tail.js';

/** enum tcp_state of the kernel, include/net/tcp_states.h. */
const TCP = { ESTABLISHED: 1, SYN_SENT: 2, CLOSE: 7 } as const;

const VIAS: Readonly<Record<number, 'connect' | 'sendmsg' | 'egress'>> = {
  [WfFlowVia.CONNECT]: 'connect',
  [WfFlowVia.SENDMSG]: 'sendmsg',
  [WfFlowVia.EGRESS]: 'egress',
};

const STATES: Readonly<Record<number, 'established' | 'closed'>> = {
  [TCP.ESTABLISHED]: 'established',
  [TCP.CLOSE]: 'closed',
};

export function readFlowOpen(view: DataView, { base }: Header): KernelEvent | Reason {
  if (view.byteLength < WF_FLOW_OPEN.SIZE) return 'short_body';
  const tuple = readTuple(view, WF_FLOW_OPEN.tuple);
  const via = VIAS[view.getUint32(WF_FLOW_OPEN.via, true)];
  if (tuple === null || via === undefined) return 'unknown_value';
  const cookie = view.getBigUint64(WF_FLOW_OPEN.cookie, true);
  const netns = view.getUint32(WF_FLOW_OPEN.netns, true);
  return { kind: 'flow_open', ...base, cookie, tuple, via, netns };
}

export function readFlowState(view: DataView, { base }: Header): KernelEvent | Reason {
  if (view.byteLength < WF_FLOW_STATE.SIZE) return 'short_body';
  const tuple = readTuple(view, WF_FLOW_STATE.tuple);
  const state = STATES[view.getUint32(WF_FLOW_STATE.new_state, true)];
  if (tuple === null || state === undefined) return 'unknown_value';
  const old = view.getUint32(WF_FLOW_STATE.old_state, true);
  return {
    kind: 'flow_state',
    ...base,
    cookie: view.getBigUint64(WF_FLOW_STATE.cookie, true),
    tuple,
    state,
    failed: state === 'closed' && old === TCP.SYN_SENT,
    error: view.getUint32(WF_FLOW_STATE.error, true),
    bytesSent: view.getBigUint64(WF_FLOW_STATE.bytes_sent, true),
    bytesReceived: view.getBigUint64(WF_FLOW_STATE.bytes_received, true),
  };
}

export function readFlowUpdate(view: DataView, { base }: Header): KernelEvent | Reason {
  if (view.byteLength < WF_FLOW_UPDATE.SIZE) return 'short_body';
  const tuple = readTuple(view, WF_FLOW_UPDATE.tuple);
  if (tuple === null) return 'unknown_value';
  return {
    kind: 'flow_update',
    ...base,
    cookie: view.getBigUint64(WF_FLOW_UPDATE.cookie, true),
    tuple,
    datagrams: view.getBigUint64(WF_FLOW_UPDATE.datagrams, true),
    bytes: view.getBigUint64(WF_FLOW_UPDATE.bytes, true),
  };
}

export function readWireHead(view: DataView, { base }: Header): KernelEvent | Reason {
  if (view.byteLength < WF_WIRE_HEAD.SIZE) return 'short_body';
  const tuple = readTuple(view, WF_WIRE_HEAD.tuple);
  if (tuple === null) return 'unknown_value';
  const original = view.getUint32(WF_WIRE_HEAD.original, true);
  const captured = view.getUint32(WF_WIRE_HEAD.captured, true);
  const bytes = bytesAt(view, WF_WIRE_HEAD.SIZE, captured);
  if (bytes === null || captured > original) return 'bad_length';
  const cookie = view.getBigUint64(WF_WIRE_HEAD.cookie, true);
  const offset = view.getUint32(WF_WIRE_HEAD.offset, true);
  const datagramBytes = view.getUint32(WF_WIRE_HEAD.datagram, true);
  return { kind: 'wire_head', ...base, cookie, tuple, original, offset, datagramBytes, bytes };
}
