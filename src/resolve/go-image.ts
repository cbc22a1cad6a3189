import type { Image, Section } from '../elf/index.js';
import { GoTable } from './go-table.js';
import { ImageWindow } from './image-window.js';

/** As Go's linker names it, with `.data.rel.ro` before it in a position-independent program until Go 1.25. */
const TABLE = /^(\.data\.rel\.ro)?\.gopclntab$/;
/** A foreign linker puts the table into a section of its own naming, but leaves these. */
const MARKS: ReadonlySet<string> = new Set(['.go.buildinfo', '.note.go.buildid', '.go.module']);
const MODULE = '.go.module';
const TEXT = '.text';
const SHT_NOBITS = 8;

/** pcHeader's magic of Go 1.2, 1.16, 1.18 and 1.20; two zeros; the least instruction's bytes; those of a pointer. */
const MAGICS = [0xfb, 0xfa, 0xf0, 0xf1];
/** Place of `text` in moduledata, which begins with the address of the table: Go's src/runtime/symtab.go since 1.16. */
const MODULE_TEXT = 22 * 8;

/** null: this is no program of Go. 'old': of one before 1.16. */
export function findGoTable(image: Image): GoTable | 'old' | null {
  let old: 'old' | null = null;
  for (const address of tableAddresses(image)) {
    const table = GoTable.open(image, address);
    if (table === 'old') old = table;
    else if (table !== null) return table;
  }
  return old;
}

function tableAddresses(image: Image): number[] {
  const named = image.sections.filter(({ name }) => TABLE.test(name)).map(({ address }) => address);
  if (named.length > 0) return named;
  const isMarked = image.sections.some(({ name }) => MARKS.has(name));
  if (!isMarked && image.sections.length > 0) return [];
  const quantum = image.machine === 'x86-64' ? 1 : 4;
  const magics = MAGICS.map((low) => String.fromCharCode(low, 0xff, 0xff, 0xff, 0, 0, quantum, 8));
  return [...image.strings(magics).values()].flat().filter((address) => address % 8 === 0);
}

/** Addresses entries of the table may count from, the likeliest first. */
export function textStarts(image: Image, table: GoTable): number[] {
  if (!table.isRelative) return [0];
  if (table.textStart !== null) return [table.textStart];
  const text = image.sections.filter(({ name }) => name === TEXT).map(({ address }) => address);
  return [...new Set([...modules(image, table).flatMap((at) => textOf(image, at)), ...text])];
}

/** Where the runtime keeps what it knows of the program: what begins with the address of the table. */
function modules(image: Image, table: GoTable): number[] {
  const isModule = (s: Section): boolean => s.name === MODULE && s.type !== SHT_NOBITS;
  const named = image.sections.filter(isModule).map(({ address }) => address);
  if (named.length > 0) return named;
  const pointer = Buffer.alloc(8);
  pointer.writeBigUInt64LE(BigInt(table.address));
  return image.strings([pointer.toString('latin1')]).get(pointer.toString('latin1')) ?? [];
}

function textOf(image: Image, module: number): number[] {
  const text = new ImageWindow(image).number(module + MODULE_TEXT, 8);
  return text === null || text === 0 ? [] : [text];
}
