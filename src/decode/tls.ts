import type { KernelEvent, TlsDataEvent } from '../event/index.js';
import type { Header } from './header.js';
import { WF_TLS_DATA, WF_TLS_FREE, WF_TLS_SEND, WfDirection, WfLayer } from './layout.gen.js';
import type { Reason } from './record.js';
import { bytesAt } from './tail.js';

const DIRECTIONS: Readonly<Record<number, TlsDataEvent['direction']>> = {
  [WfDirection.WRITE]: 'write',
  [WfDirection.READ]: 'read',
};

const LAYERS: Readonly<Record<number, TlsDataEvent['layer']>> = {
  [WfLayer.STREAM]: 'stream',
  [WfLayer.INNER]: 'inner',
  [WfLayer.RECORD]: 'record',
};

export function readTlsSend(view: DataView, { base }: Header): KernelEvent | Reason {
  if (view.byteLength < WF_TLS_SEND.SIZE) return 'short_body';
  return {
    kind: 'tls_send',
    ...base,
    ssl: view.getBigUint64(WF_TLS_SEND.ssl, true),
    call: view.getBigUint64(WF_TLS_SEND.call, true),
    cookie: view.getBigUint64(WF_TLS_SEND.cookie, true),
    plainBytes: view.getUint32(WF_TLS_SEND.plain, true),
    sentBytes: view.getUint32(WF_TLS_SEND.sent, true),
  };
}

export function readTlsData(view: DataView, { base }: Header): KernelEvent | Reason {
  if (view.byteLength < WF_TLS_DATA.SIZE) return 'short_body';
  const direction = DIRECTIONS[view.getUint16(WF_TLS_DATA.direction, true)];
  const layer = LAYERS[view.getUint16(WF_TLS_DATA.layer, true)];
  if (direction === undefined || layer === undefined) return 'unknown_value';
  const original = view.getUint32(WF_TLS_DATA.original, true);
  const kept = view.getUint32(WF_TLS_DATA.kept, true);
  const offset = view.getUint32(WF_TLS_DATA.offset, true);
  const captured = view.getUint32(WF_TLS_DATA.captured, true);
  const attachment = view.getUint32(WF_TLS_DATA.attachment, true);
  const bytes = bytesAt(view, WF_TLS_DATA.SIZE, captured);
  if (bytes === null || offset + captured > kept || kept > original) return 'bad_length';
  return {
    kind: 'tls_data',
    ...base,
    ssl: view.getBigUint64(WF_TLS_DATA.ssl, true),
    call: view.getBigUint64(WF_TLS_DATA.call, true),
    direction,
    layer,
    attachment: attachment === 0 ? null : attachment,
    socketCookie: cookieAt(view, WF_TLS_DATA.socket_cookie),
    lastReceive: cookieAt(view, WF_TLS_DATA.last_receive),
    original,
    kept,
    offset,
    bytes,
  };
}

export function readTlsFree(view: DataView, { base }: Header): KernelEvent | Reason {
  if (view.byteLength < WF_TLS_FREE.SIZE) return 'short_body';
  return { kind: 'tls_free', ...base, ssl: view.getBigUint64(WF_TLS_FREE.ssl, true) };
}

/** Socket cookies begin at 1; 0 says there was no socket. */
function cookieAt(view: DataView, at: number): bigint | null {
  const cookie = view.getBigUint64(at, true);
  return cookie === 0n ? null : cookie;
}
