import * as layout from '../../src/decode/layout.gen.js';
import type { ProcessKey } from '../../src/event/index.js';

/**
 * Writes kernel records for tests, by the generated offsets. Every record is given by its struct's member names; a tail
 * of bytes follows the fixed part. What is left out is 0.
 */
export interface HeaderFields {
  readonly key?: ProcessKey;
  readonly root?: ProcessKey | null;
  readonly tid?: number;
  readonly bootNs?: bigint;
  readonly seq?: bigint;
  readonly cpu?: number;
  readonly ring?: number;
  readonly verdict?: number;
}

type Layout = Readonly<Record<string, number>> & { readonly SIZE: number };
type Fields = Readonly<Record<string, number | bigint | Uint8Array>>;

const RING_OF_KIND = (kind: number): number =>
  kind < layout.WfKind.FLOW_OPEN
    ? layout.WfRing.LIFECYCLE
    : kind < layout.WfKind.TLS_DATA
      ? layout.WfRing.NETWORK
      : layout.WfRing.PAYLOAD;

/** A member reaches to the next one; padding behind it is 0, so that writing it too changes nothing. */
function writeField(view: DataView, at: number, width: number, value: number | bigint): void {
  if (width >= 8) view.setBigUint64(at, BigInt(value), true);
  else if (width >= 4) view.setUint32(at, Number(value), true);
  else if (width >= 2) view.setUint16(at, Number(value), true);
  else view.setUint8(at, Number(value));
}

function writeStruct(view: DataView, base: number, struct: Layout, fields: Fields): void {
  const starts = Object.values(struct).sort((a, b) => a - b);
  for (const [name, value] of Object.entries(fields)) {
    const at = struct[name];
    if (at === undefined) throw new Error(`no member ${name}`);
    if (value instanceof Uint8Array) {
      new Uint8Array(view.buffer, view.byteOffset + base + at, value.length).set(value);
    } else {
      const end = starts.find((start) => start > at) ?? struct.SIZE;
      writeField(view, base + at, end - at, value);
    }
  }
}

/** One record, its size written, not padded. */
export function record(
  kind: number,
  struct: Layout,
  {
    header = {},
    fields = {},
    tail = new Uint8Array(),
  }: {
    header?: HeaderFields;
    fields?: Fields;
    tail?: Uint8Array;
  },
): Uint8Array {
  const bytes = new Uint8Array(struct.SIZE + tail.length);
  const view = new DataView(bytes.buffer);
  const key = header.key ?? { tgid: 100, startNs: 1_000n };
  const root = header.root === undefined ? key : header.root;
  const h = layout.WF_HEADER;
  view.setBigUint64(h.boot_ns, header.bootNs ?? 0n, true);
  view.setBigUint64(h.start_ns, key.startNs, true);
  view.setBigUint64(h.root_start_ns, root?.startNs ?? 0n, true);
  view.setBigUint64(h.seq, header.seq ?? 0n, true);
  view.setUint32(h.tgid, key.tgid, true);
  view.setUint32(h.tid, header.tid ?? key.tgid, true);
  view.setUint32(h.root_tgid, root?.tgid ?? 0, true);
  view.setUint32(h.size, bytes.length, true);
  view.setUint32(h.cpu, header.cpu ?? 0, true);
  view.setUint16(h.kind, kind, true);
  view.setUint8(h.ring, header.ring ?? RING_OF_KIND(kind));
  view.setUint8(h.verdict, header.verdict ?? layout.WfVerdict.AGENT);
  writeStruct(view, 0, struct, fields);
  bytes.set(tail, struct.SIZE);
  return bytes;
}

/** Records one after another, each padded to 8 bytes, as one batch. */
export function batchOf(...records: readonly Uint8Array[]): Uint8Array {
  const padded = records.map((one) => {
    const bytes = new Uint8Array(Math.ceil(one.length / 8) * 8);
    bytes.set(one);
    return bytes;
  });
  return new Uint8Array(Buffer.concat(padded));
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const keyFields = (prefix: string, key: ProcessKey): Fields => ({
  [`${prefix}_tgid`]: key.tgid,
  [`${prefix}_start_ns`]: key.startNs,
});

export const forkRecord = (child: ProcessKey, header: HeaderFields = {}): Uint8Array =>
  record(layout.WfKind.FORK, layout.WF_FORK, { header, fields: keyFields('child', child) });

export interface ExecFields {
  readonly path: string;
  readonly cwd?: string;
  readonly argv?: readonly string[];
  readonly parent?: ProcessKey;
  readonly uid?: number;
  readonly flags?: number;
  readonly nlink?: number;
  readonly argvLen?: number;
  /** NAME=value or NAME. */
  readonly env?: readonly string[];
  readonly size?: number;
  readonly changedNs?: bigint;
  readonly stdinMode?: number;
  readonly nsPid?: number;
  readonly pidNamespace?: number;
}

export function execRecord(exec: ExecFields, header: HeaderFields = {}): Uint8Array {
  const path = utf8(exec.path);
  const cwd = utf8(exec.cwd ?? '/');
  const argv = utf8((exec.argv ?? [exec.path]).map((arg) => `${arg}\0`).join(''));
  const env = utf8((exec.env ?? []).map((variable) => `${variable}\0`).join(''));
  return record(layout.WfKind.EXEC, layout.WF_EXEC, {
    header,
    fields: {
      ...keyFields('parent', exec.parent ?? { tgid: 1, startNs: 1n }),
      uid: exec.uid ?? 1000,
      gid: exec.uid ?? 1000,
      nlink: exec.nlink ?? 1,
      inode: 42,
      dev: 8,
      file_size: exec.size ?? 0,
      file_changed_ns: exec.changedNs ?? 0n,
      stdin_mode: exec.stdinMode ?? 0,
      ns_pid: exec.nsPid ?? 0,
      pid_ns: exec.pidNamespace ?? 0,
      flags: exec.flags ?? 0,
      argv_len: exec.argvLen ?? argv.length,
      path_captured: path.length,
      cwd_captured: cwd.length,
      argv_captured: argv.length,
      env_captured: env.length,
    },
    tail: new Uint8Array(Buffer.concat([path, cwd, argv, env])),
  });
}

/** `status` as wait(2) gives it: exit code 3 is 0x300, signal 9 is 9. */
export const exitRecord = (status: number, header: HeaderFields = {}): Uint8Array =>
  record(layout.WfKind.EXIT, layout.WF_EXIT, { header, fields: { wait_status: status } });

export function seedRecord(
  seed: { key: ProcessKey; parent: ProcessKey; uid?: number; comm?: string },
  bootNs = 0n,
): Uint8Array {
  return record(layout.WfKind.SEED, layout.WF_SEED, {
    header: { key: seed.key, root: null, verdict: layout.WfVerdict.NONE, bootNs },
    fields: {
      ...keyFields('parent', seed.parent),
      uid: seed.uid ?? 1000,
      comm: utf8(seed.comm ?? 'seed'),
    },
  });
}

export const renameRecord = (from: string, to: string, header: HeaderFields = {}): Uint8Array =>
  record(layout.WfKind.RENAME, layout.WF_RENAME, {
    header,
    fields: { from: utf8(from), to: utf8(to) },
  });

/** `address`: the bytes of sun_path; an abstract one begins with NUL. */
export const unixOpenRecord = (
  open: { cookie: bigint; address: string; netns?: number; captured?: number },
  header: HeaderFields = {},
): Uint8Array => {
  const path = utf8(open.address);
  return record(layout.WfKind.UNIX_OPEN, layout.WF_UNIX_OPEN, {
    header,
    fields: {
      cookie: open.cookie,
      netns: open.netns ?? 0,
      captured: open.captured ?? path.length,
      path,
    },
  });
};

export interface TupleFields {
  readonly dst: string;
  readonly dstPort: number;
  readonly src?: string;
  readonly srcPort?: number;
  /** IPPROTO_*: 6 TCP, 17 UDP. */
  readonly protocol?: number;
}

/** IPv4 in dotted decimal, or IPv6 as eight full groups. */
function addressBytes(text: string): Uint8Array {
  if (!text.includes(':')) return new Uint8Array(text.split('.').map(Number));
  const groups = text.split(':').map((group) => Number.parseInt(group, 16));
  return new Uint8Array(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

export function tupleBytes(tuple: TupleFields): Uint8Array {
  const bytes = new Uint8Array(layout.WF_TUPLE.SIZE);
  const v6 = tuple.dst.includes(':');
  writeStruct(new DataView(bytes.buffer), 0, layout.WF_TUPLE, {
    src: addressBytes(tuple.src ?? (v6 ? '0:0:0:0:0:0:0:0' : '0.0.0.0')),
    dst: addressBytes(tuple.dst),
    src_port: tuple.srcPort ?? 0,
    dst_port: tuple.dstPort,
    family: v6 ? 10 : 2,
    protocol: tuple.protocol ?? 6,
  });
  return bytes;
}

export const flowOpenRecord = (
  cookie: bigint,
  tuple: TupleFields,
  header: HeaderFields = {},
): Uint8Array =>
  record(layout.WfKind.FLOW_OPEN, layout.WF_FLOW_OPEN, {
    header,
    fields: { cookie, tuple: tupleBytes(tuple), via: tuple.protocol === 17 ? 2 : 1 },
  });

/** TCP states of the kernel: 1 ESTABLISHED, 2 SYN_SENT, 7 CLOSE. */
export const flowStateRecord = (
  flow: {
    cookie: bigint;
    tuple: TupleFields;
    from: number;
    to: number;
    error?: number;
    sent?: bigint;
    received?: bigint;
  },
  header: HeaderFields = {},
): Uint8Array =>
  record(layout.WfKind.FLOW_STATE, layout.WF_FLOW_STATE, {
    header,
    fields: {
      cookie: flow.cookie,
      tuple: tupleBytes(flow.tuple),
      old_state: flow.from,
      new_state: flow.to,
      error: flow.error ?? 0,
      bytes_sent: flow.sent ?? 0,
      bytes_received: flow.received ?? 0,
    },
  });

export const wireHeadRecord = (
  head: {
    cookie: bigint;
    tuple: TupleFields;
    bytes: Uint8Array;
    original?: number;
    offset?: number;
    datagram?: number;
  },
  header: HeaderFields = {},
): Uint8Array =>
  record(layout.WfKind.WIRE_HEAD, layout.WF_WIRE_HEAD, {
    header,
    fields: {
      cookie: head.cookie,
      tuple: tupleBytes(head.tuple),
      original: head.original ?? head.bytes.length,
      captured: head.bytes.length,
      offset: head.offset ?? 0,
      datagram: head.datagram ?? 0,
    },
    tail: head.bytes,
  });

export interface TlsDataFields {
  readonly ssl: bigint;
  readonly call: bigint;
  readonly direction: 'write' | 'read';
  readonly bytes: Uint8Array;
  readonly cookie?: bigint;
  /** enum wf_layer */
  readonly layer?: number;
  readonly attachment?: number;
  readonly lastReceive?: bigint;
  readonly original?: number;
  readonly kept?: number;
  readonly offset?: number;
}

export function tlsDataRecord(data: TlsDataFields, header: HeaderFields = {}): Uint8Array {
  const kept = data.kept ?? data.bytes.length;
  return record(layout.WfKind.TLS_DATA, layout.WF_TLS_DATA, {
    header,
    fields: {
      ssl: data.ssl,
      call: data.call,
      socket_cookie: data.cookie ?? 0,
      last_receive: data.lastReceive ?? 0,
      original: data.original ?? kept,
      kept,
      offset: data.offset ?? 0,
      captured: data.bytes.length,
      direction: data.direction === 'read' ? 1 : 0,
      layer: data.layer ?? 0,
      attachment: data.attachment ?? 0,
    },
    tail: data.bytes,
  });
}

export const tlsSendRecord = (
  send: { ssl: bigint; call: bigint; cookie: bigint; plain: number; sent: number },
  header: HeaderFields = {},
): Uint8Array =>
  record(layout.WfKind.TLS_SEND, layout.WF_TLS_SEND, { header, fields: { ...send } });

export const tlsFreeRecord = (ssl: bigint, header: HeaderFields = {}): Uint8Array =>
  record(layout.WfKind.TLS_FREE, layout.WF_TLS_FREE, { header, fields: { ssl } });

export interface LaneFields {
  readonly cpu: number;
  readonly ring: number;
  readonly emitted: number;
  readonly ringFull?: number;
  readonly fault?: number;
  readonly tableFull?: number;
  readonly payloadAgent?: number;
  readonly payloadForeign?: number;
}

/** A snapshot of struct wf_counters for `cpus` CPUs. */
export function countersOf(cpus: number, lanes: readonly LaneFields[]): Uint8Array {
  const size = layout.WF_COUNTERS.SIZE;
  const bytes = new Uint8Array(cpus * layout.WfRing.COUNT * size);
  const view = new DataView(bytes.buffer);
  for (const lane of lanes) {
    const at = (lane.cpu * layout.WfRing.COUNT + lane.ring) * size;
    const set = (offset: number, value = 0): void => {
      view.setBigUint64(at + offset, BigInt(value), true);
    };
    set(layout.WF_COUNTERS.emitted, lane.emitted);
    set(layout.WF_COUNTERS.lost + layout.WfLoss.RING_FULL * 8, lane.ringFull);
    set(layout.WF_COUNTERS.lost + layout.WfLoss.FAULT * 8, lane.fault);
    set(layout.WF_COUNTERS.lost + layout.WfLoss.TABLE_FULL * 8, lane.tableFull);
    set(layout.WF_COUNTERS.payload_bytes_agent, lane.payloadAgent);
    set(layout.WF_COUNTERS.payload_bytes_foreign, lane.payloadForeign);
  }
  return bytes;
}
