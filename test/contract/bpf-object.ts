import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One instruction of linux/bpf.h: `code`, registers, `off` in instructions relative to the next one, `imm`. */
export interface Instruction {
  readonly code: number;
  readonly dst: number;
  readonly src: number;
  readonly off: number;
  readonly imm: number;
}

/** A section of code: one or more programs that attach to the same kind of hook. */
export interface CodeSection {
  readonly object: string;
  /** As SEC() said, such as `cgroup/connect4`; `.text` holds functions that programs call. */
  readonly section: string;
  readonly instructions: readonly Instruction[];
}

export const OPCODE = { call: 0x85, exit: 0x95, moveImmediate: [0xb7, 0xb4] } as const;
const JUMP_CLASSES = [0x05, 0x06];

/** The linked objects of the last build: what the addon's skeletons carry, for this and for older kernels. */
export function builtObjects(folder = 'build/cmake/gen'): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.o'))
    .map((name) => join(folder, name))
    .sort();
}

/** Every executable section of a little-endian 64-bit ELF object. */
export function readCode(object: string): CodeSection[] {
  const bytes = readFileSync(object);
  const headers = Number(bytes.readBigUInt64LE(0x28));
  const entry = bytes.readUInt16LE(0x3a);
  const names = readHeader(bytes, headers + entry * bytes.readUInt16LE(0x3e)).offset;
  const sections = Array.from({ length: bytes.readUInt16LE(0x3c) }, (_, i) =>
    readHeader(bytes, headers + entry * i),
  );
  return sections
    .filter((section) => section.executable && section.size > 0)
    .map((section) => ({
      object,
      section: text(bytes, names + section.name),
      instructions: decode(bytes.subarray(section.offset, section.offset + section.size)),
    }));
}

/** Index of every instruction a jump leads to. */
export function jumpTargets(code: readonly Instruction[]): Set<number> {
  const targets = new Set<number>();
  code.forEach(({ code: op, off }, index) => {
    const jumps = JUMP_CLASSES.includes(op & 0x07);
    if (jumps && op !== OPCODE.call && op !== OPCODE.exit) targets.add(index + 1 + off);
  });
  return targets;
}

function readHeader(bytes: Buffer, at: number) {
  const SHF_EXECINSTR = 4n;
  return {
    name: bytes.readUInt32LE(at),
    executable: (bytes.readBigUInt64LE(at + 8) & SHF_EXECINSTR) !== 0n,
    offset: Number(bytes.readBigUInt64LE(at + 0x18)),
    size: Number(bytes.readBigUInt64LE(at + 0x20)),
  };
}

function text(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, bytes.indexOf(0, at));
}

function decode(bytes: Buffer): Instruction[] {
  return Array.from({ length: bytes.length / 8 }, (_, index) => {
    const at = index * 8;
    const registers = bytes.readUInt8(at + 1);
    return {
      code: bytes.readUInt8(at),
      dst: registers & 0x0f,
      src: registers >> 4,
      off: bytes.readInt16LE(at + 2),
      imm: bytes.readInt32LE(at + 4),
    };
  });
}
