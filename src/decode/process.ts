import type { KernelEvent } from '../event/index.js';
import { type Header, readKey } from './header.js';
import { WF_EXEC, WF_EXIT, WF_FORK, WF_SEED, WfExecFlag } from './layout.gen.js';
import type { Reason } from './record.js';
import { bytesAt } from './tail.js';
import { fixedText, splitArgv, text } from './text.js';

const COMM_LEN = 16;

export function readFork(view: DataView, { base }: Header): KernelEvent | Reason {
  if (view.byteLength < WF_FORK.SIZE) return 'short_body';
  return {
    kind: 'fork',
    ...base,
    child: readKey(view, WF_FORK.child_tgid, WF_FORK.child_start_ns),
  };
}

export function readExec(view: DataView, { base }: Header): KernelEvent | Reason {
  if (view.byteLength < WF_EXEC.SIZE) return 'short_body';
  const pathBytes = view.getUint16(WF_EXEC.path_captured, true);
  const cwdBytes = view.getUint16(WF_EXEC.cwd_captured, true);
  const argvBytes = view.getUint16(WF_EXEC.argv_captured, true);
  const path = bytesAt(view, WF_EXEC.SIZE, pathBytes);
  const cwd = bytesAt(view, WF_EXEC.SIZE + pathBytes, cwdBytes);
  const argv = bytesAt(view, WF_EXEC.SIZE + pathBytes + cwdBytes, argvBytes);
  if (path === null || cwd === null || argv === null) return 'bad_length';
  const flags = view.getUint32(WF_EXEC.flags, true);
  const original = view.getUint32(WF_EXEC.argv_len, true);
  return {
    kind: 'exec',
    ...base,
    parent: readKey(view, WF_EXEC.parent_tgid, WF_EXEC.parent_start_ns),
    uid: view.getUint32(WF_EXEC.uid, true),
    gid: view.getUint32(WF_EXEC.gid, true),
    file: {
      dev: view.getBigUint64(WF_EXEC.dev, true),
      inode: view.getBigUint64(WF_EXEC.inode, true),
    },
    nlink: view.getUint32(WF_EXEC.nlink, true),
    cgroupId: view.getBigUint64(WF_EXEC.cgroup_id, true),
    path: text(path),
    pathTruncated: (flags & WfExecFlag.PATH_TRUNCATED) !== 0,
    cwd: text(cwd),
    cwdTruncated: (flags & WfExecFlag.CWD_TRUNCATED) !== 0,
    argv: splitArgv(argv),
    argvBytes: original,
    argvTruncated: argvBytes < original || (flags & WfExecFlag.ARGV_FAULT) !== 0,
    asksVerdict: (flags & WfExecFlag.ASKS_VERDICT) !== 0,
  };
}

export function readExit(view: DataView, { base }: Header): KernelEvent | Reason {
  if (view.byteLength < WF_EXIT.SIZE) return 'short_body';
  return { kind: 'exit', ...base, waitStatus: view.getUint32(WF_EXIT.wait_status, true) };
}

export function readSeed(view: DataView, { base }: Header): KernelEvent | Reason {
  const comm = bytesAt(view, WF_SEED.comm, COMM_LEN);
  if (view.byteLength < WF_SEED.SIZE || comm === null) return 'short_body';
  return {
    kind: 'seed',
    ...base,
    parent: readKey(view, WF_SEED.parent_tgid, WF_SEED.parent_start_ns),
    uid: view.getUint32(WF_SEED.uid, true),
    comm: fixedText(comm),
  };
}
