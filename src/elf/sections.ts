import { readRange, u64, type FileReader } from './reader.js';

export interface Section {
  /** At most 64 bytes of it. */
  readonly name: string;
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  /** Bytes; of them none in the file when `type` is 8 (SHT_NOBITS). */
  readonly size: number;
  readonly executable: boolean;
}

export const SECTION_SIZE = 64;
const NAME_MAX = 64;
const NAMES_MAX = 1024 * 1024;
const SHF_EXECINSTR = 4;
const SHT_NOBITS = 8;

/** Section headers by System V gABI chapter 4. One that points out of the file is left out. */
export function readSections(
  reader: FileReader,
  place: { readonly offset: number; readonly count: number; readonly names: number },
): Section[] {
  const table = readRange(reader, place.offset, place.count * SECTION_SIZE);
  if (table === null) return [];
  const names = readNames(reader, table, place);
  const sections: Section[] = [];
  for (let at = 0; at < table.byteLength; at += SECTION_SIZE) {
    const section: Section = {
      name: nameAt(names, table.getUint32(at, true)),
      type: table.getUint32(at + 4, true),
      executable: (u64(table, at + 8) & SHF_EXECINSTR) !== 0,
      address: u64(table, at + 16),
      offset: u64(table, at + 24),
      size: u64(table, at + 32),
    };
    const isInside = section.offset + section.size <= reader.size;
    if (isInside || (section.type === SHT_NOBITS && Number.isFinite(section.size))) {
      sections.push(section);
    }
  }
  return sections;
}

function readNames(
  reader: FileReader,
  table: DataView,
  place: { readonly count: number; readonly names: number },
): DataView | null {
  if (place.names >= place.count) return null;
  const at = place.names * SECTION_SIZE;
  const size = u64(table, at + 32);
  return size > NAMES_MAX ? null : readRange(reader, u64(table, at + 24), size);
}

function nameAt(names: DataView | null, at: number): string {
  let name = '';
  for (let i = at; names !== null && i < names.byteLength && name.length < NAME_MAX; i += 1) {
    const char = names.getUint8(i);
    if (char === 0) break;
    name += String.fromCharCode(char);
  }
  return name;
}
