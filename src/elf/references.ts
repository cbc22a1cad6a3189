import { blocks, loadedSegments, type Block } from './blocks.js';
import type { ElfHeaders } from './headers.js';
import type { FileReader } from './reader.js';

export interface Reference {
  /** Address of the instruction that loads the address. */
  readonly from: number;
  readonly target: number;
}

type Found = Map<number, Reference[]>;

/** Of one target. What is loaded from more places than this is no anchor. */
const REFERENCES_MAX = 4096;

/** The longest instruction looked at; on aarch64 the pair and what may stand between. */
const OVERLAP = 64;

/** Instructions that load these addresses, by target. Never mind where instructions really begin: a hit is a candidate. */
export function findReferences(
  reader: FileReader,
  { machine, segments, isFixed }: Pick<ElfHeaders, 'machine' | 'segments' | 'isFixed'>,
  targets: readonly number[],
): Found {
  const found: Found = new Map(targets.map((target) => [target, []]));
  const code = loadedSegments(segments, true);
  for (const block of blocks(reader, code, OVERLAP)) {
    if (machine === 'aarch64') scanAarch64(block, found);
    else scanX86(block, found, isFixed);
  }
  return found;
}

function note(found: Found, from: number, target: number): void {
  const references = found.get(target);
  if (references !== undefined && references.length < REFERENCES_MAX) {
    references.push({ from, target });
  }
}

const LEA = 1;
const IMM_NEXT = 2;
const IMM_BEHIND_MODRM = 3;

/** By opcode: lea; mov r32, imm32 and push imm32; mov r/m, imm32. */
const KIND = new Uint8Array(256);
KIND[0x8d] = LEA;
const WITH_CONSTANT = new Uint8Array(KIND);
for (const opcode of [0x68, 0xb8, 0xb9, 0xba, 0xbb, 0xbc, 0xbd, 0xbe, 0xbf]) {
  WITH_CONSTANT[opcode] = IMM_NEXT;
}
WITH_CONSTANT[0xc7] = IMM_BEHIND_MODRM;

function scanX86({ address, view, length }: Block, found: Found, isFixed: boolean): void {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const kinds = isFixed ? WITH_CONSTANT : KIND;
  const end = Math.min(length, bytes.length - 6);
  for (let at = 0; at < end; at += 1) {
    const kind = kinds[bytes[at] ?? 0];
    if (kind === 0) continue;
    if (kind === IMM_NEXT) {
      note(found, address + at, view.getUint32(at + 1, true));
      continue;
    }
    const modrm = bytes[at + 1] ?? 0;
    if (kind === LEA && (modrm & 0xc7) === 0x05) {
      note(found, address + at, address + at + 6 + view.getInt32(at + 2, true));
    } else if (kind === IMM_BEHIND_MODRM && (modrm & 0xf8) === 0xc0) {
      note(found, address + at, view.getUint32(at + 2, true));
    }
  }
}

/** Between an adrp and its add the compiler may put other instructions; with the same register they end the search. */
const BETWEEN_MAX = 8;

/** `adrp` gives the 4 KiB page of an address, the `add` behind it the rest: Arm ARM C6.2. */
function scanAarch64({ address, view, length }: Block, found: Found): void {
  const pages = new Set([...found.keys()].map((target) => Math.floor(target / 4096)));
  for (let at = 0; at + 4 <= Math.min(length, view.byteLength); at += 4) {
    const word = view.getUint32(at, true);
    if ((word & 0x9f000000) >>> 0 !== 0x90000000) continue;
    const immediate = (((word >> 5) & 0x7ffff) << 2) | ((word >>> 29) & 3);
    const page = Math.floor((address + at) / 4096) + ((immediate << 11) >> 11);
    if (!pages.has(page)) continue;
    const low = addedTo(view, at + 4, word & 31);
    if (low !== null) note(found, address + at, page * 4096 + low);
  }
}

function addedTo(view: DataView, from: number, register: number): number | null {
  const end = Math.min(from + BETWEEN_MAX * 4, view.byteLength - 3);
  for (let at = from; at < end; at += 4) {
    const word = view.getUint32(at, true);
    const isAdd = (word & 0xffc00000) >>> 0 === 0x91000000;
    if (isAdd && ((word >> 5) & 31) === register) return (word >> 10) & 0xfff;
  }
  return null;
}
