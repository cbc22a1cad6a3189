import type { ProbeFlaw } from '../event/index.js';

/** Bytes around a probe, in the memory of a process and in its file. Both begin at the same place. */
export interface ProbeBytes {
  readonly memory: Uint8Array;
  readonly file: Uint8Array;
  /** Index of the probed instruction. */
  readonly at: number;
  /** Address of index 0 in the process. */
  readonly address: bigint;
  /** Is this the address of the page that a probe may call instead of trapping? */
  readonly isTrampoline: (address: bigint) => boolean;
}

/** What the kernel writes over a probed instruction, by machine. */
interface Trap {
  /** Instructions begin at multiples of it, and the trap is as long. */
  readonly bytes: readonly number[];
  /** `nopl 0(%rax,%rax,1)`, which Linux 6.18 turns into a call once it was hit; null: it does not. */
  readonly nop: readonly number[] | null;
}

/** UPROBE_SWBP_INSN of arch/x86/include/asm/uprobes.h; `is_optimize` of arch/x86/kernel/uprobes.c. */
const X86: Trap = { bytes: [0xcc], nop: [0x0f, 0x1f, 0x44, 0x00, 0x00] };
/** BRK64_OPCODE_UPROBES of arch/arm64/include/asm/brk-imm.h and debug-monitors.h: `brk #5`, little endian. */
const ARM64: Trap = { bytes: [0xa0, 0x00, 0x20, 0xd4], nop: null };
const CALL = 0xe8;
const CALL_BYTES = 5;

const TRAPS: Readonly<Record<string, Trap>> = { x64: X86, arm64: ARM64 };

/** null: the probe stands, and what is around it is the file's code, or the trap of somebody else's probe. */
export const flawOf = (bytes: ProbeBytes, machine: string = process.arch): ProbeFlaw | null => {
  const trap = TRAPS[machine];
  if (trap === undefined) return null;
  const standing = probeAt(bytes, bytes.at, trap);
  if (standing === 0) {
    const isBack = holds(bytes.memory, bytes.at, bytes.file.subarray(bytes.at, bytes.at + 1));
    return isBack ? 'restored' : 'overwritten';
  }
  return isPatched(bytes, trap) ? 'patched' : null;
};

/** Bytes of the probe that stands at `at`; 0: none does. */
const probeAt = ({ memory, file, address, isTrampoline }: ProbeBytes, at: number, trap: Trap) => {
  if (holds(memory, at, trap.bytes)) return trap.bytes.length;
  if (trap.nop === null || memory[at] !== CALL || !holds(file, at, trap.nop)) return 0;
  if (at + CALL_BYTES > memory.length) return 0;
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  const target = address + BigInt(at + CALL_BYTES + view.getInt32(at + 1, true));
  return isTrampoline(target) ? CALL_BYTES : 0;
};

const isPatched = (bytes: ProbeBytes, trap: Trap): boolean => {
  const { memory, file } = bytes;
  const length = Math.min(memory.length, file.length);
  for (let at = 0; at < length;) {
    if (memory[at] === file[at]) {
      at += 1;
      continue;
    }
    // The trap may differ from the instruction in some of its bytes only.
    const start = at - (Number(bytes.address + BigInt(at)) % trap.bytes.length);
    const skipped = probeAt(bytes, start, trap);
    if (skipped === 0) return true;
    at = start + skipped;
  }
  return false;
};

const holds = (bytes: Uint8Array, at: number, wanted: ArrayLike<number>): boolean => {
  if (at < 0 || at + wanted.length > bytes.length) return false;
  for (let i = 0; i < wanted.length; i += 1) if (bytes[at + i] !== wanted[i]) return false;
  return true;
};
