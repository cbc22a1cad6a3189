import type { ImageId, KernelEvent } from '../event/index.js';
import { readEnvironment } from './environment.js';
import { type Header, readKey } from './header.js';
import {
  WF_EXEC,
  WF_EXIT,
  WF_FORK,
  WF_RENAME,
  WF_SEED,
  WfExecFlag,
  WfLimits,
} from './layout.gen.js';
import type { Reason } from './record.js';
import { bytesAt } from './tail.js';
import { fixedText, splitArgv, text } from './text.js';

export function readFork(view: DataView, { base }: Header): KernelEvent | Reason {
  if (view.byteLength < WF_FORK.SIZE) return 'short_body';
  return {
    kind: 'fork',
    ...base,
    child: readKey(view, WF_FORK.child_tgid, WF_FORK.child_start_ns),
  };
}

/** The parts of an exec's tail; null when the record is shorter than their lengths say. */
function readTail(view: DataView) {
  let at: number = WF_EXEC.SIZE;
  const next = (lengthAt: number): Uint8Array | null => {
    const length = view.getUint16(lengthAt, true);
    const part = bytesAt(view, at, length);
    at += length;
    return part;
  };
  const path = next(WF_EXEC.path_captured);
  const cwd = next(WF_EXEC.cwd_captured);
  const argv = next(WF_EXEC.argv_captured);
  const env = next(WF_EXEC.env_captured);
  if (path === null || cwd === null || argv === null || env === null) return null;
  return { path, cwd, argv, env };
}

const readImage = (view: DataView): ImageId => ({
  dev: view.getBigUint64(WF_EXEC.dev, true),
  inode: view.getBigUint64(WF_EXEC.inode, true),
  changedNs: view.getBigUint64(WF_EXEC.file_changed_ns, true),
  size: view.getBigUint64(WF_EXEC.file_size, true),
});

export function readExec(view: DataView, { base }: Header): KernelEvent | Reason {
  if (view.byteLength < WF_EXEC.SIZE) return 'short_body';
  const tail = readTail(view);
  if (tail === null) return 'bad_length';
  const flags = view.getUint32(WF_EXEC.flags, true);
  const original = view.getUint32(WF_EXEC.argv_len, true);
  return {
    kind: 'exec',
    ...base,
    parent: readKey(view, WF_EXEC.parent_tgid, WF_EXEC.parent_start_ns),
    uid: view.getUint32(WF_EXEC.uid, true),
    gid: view.getUint32(WF_EXEC.gid, true),
    file: readImage(view),
    nlink: view.getUint32(WF_EXEC.nlink, true),
    cgroupId: view.getBigUint64(WF_EXEC.cgroup_id, true),
    path: text(tail.path),
    pathTruncated: (flags & WfExecFlag.PATH_TRUNCATED) !== 0,
    cwd: text(tail.cwd),
    cwdTruncated: (flags & WfExecFlag.CWD_TRUNCATED) !== 0,
    argv: splitArgv(tail.argv),
    argvBytes: original,
    argvTruncated: tail.argv.length < original || (flags & WfExecFlag.ARGV_FAULT) !== 0,
    env: readEnvironment(tail.env),
    envTruncated: (flags & WfExecFlag.ENV_TRUNCATED) !== 0,
    stdinMode: view.getUint32(WF_EXEC.stdin_mode, true),
    nsPid: view.getUint32(WF_EXEC.ns_pid, true),
    pidNamespace: view.getUint32(WF_EXEC.pid_ns, true),
    asksVerdict: (flags & WfExecFlag.ASKS_VERDICT) !== 0,
  };
}

export function readRename(view: DataView, { base }: Header): KernelEvent | Reason {
  const from = bytesAt(view, WF_RENAME.from, WfLimits.COMM_LEN);
  const to = bytesAt(view, WF_RENAME.to, WfLimits.COMM_LEN);
  if (from === null || to === null) return 'short_body';
  return { kind: 'rename', ...base, from: fixedText(from), to: fixedText(to) };
}

export function readExit(view: DataView, { base }: Header): KernelEvent | Reason {
  if (view.byteLength < WF_EXIT.SIZE) return 'short_body';
  return { kind: 'exit', ...base, waitStatus: view.getUint32(WF_EXIT.wait_status, true) };
}

export function readSeed(view: DataView, { base }: Header): KernelEvent | Reason {
  const comm = bytesAt(view, WF_SEED.comm, WfLimits.COMM_LEN);
  if (view.byteLength < WF_SEED.SIZE || comm === null) return 'short_body';
  return {
    kind: 'seed',
    ...base,
    parent: readKey(view, WF_SEED.parent_tgid, WF_SEED.parent_start_ns),
    uid: view.getUint32(WF_SEED.uid, true),
    comm: fixedText(comm),
  };
}
