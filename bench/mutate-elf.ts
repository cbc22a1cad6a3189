/** Numbers from a seed: the same seed, the same mutations (mulberry32). */
export type Random = (below: number) => number;

export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) % below;
  };
}

const ODD_NUMBERS = [
  0n,
  1n,
  7n,
  0x7fn,
  0xffffn,
  0x7fff_ffffn,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x1f_ffff_ffff_ffffn,
  0x20_0000_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0xffff_ffff_ffff_ffffn,
];

/** Where a file says how it is to be read: header, program and section headers, and what these lead to. */
function structures(file: Buffer): number[] {
  const places = [0];
  const number = (at: number): number =>
    at + 8 <= file.length ? Number(file.readBigUInt64LE(at) & 0x1f_ffff_ffff_ffffn) : 0;
  const segments = number(32);
  const sections = number(40);
  for (let i = 0; i < 16; i += 1) {
    places.push(segments + i * 56, number(segments + i * 56 + 8));
    places.push(sections + i * 64, number(sections + i * 64 + 24));
  }
  return places.filter((place) => place >= 0 && place + 64 < file.length);
}

/** The file with one to eight things changed, most of them where it says how it is to be read. */
export function mutate(original: Buffer, random: Random): Buffer {
  let file = Buffer.from(original);
  const places = structures(original);
  for (let left = 1 + random(8); left > 0; left -= 1) {
    const structured = (places[random(places.length)] ?? 0) + random(256);
    const at = random(4) > 0 ? structured : random(file.length);
    if (at + 8 > file.length) continue;
    switch (random(8)) {
      case 0:
        file.writeUInt8(random(256), at);
        break;
      case 1:
        file.writeUInt8((file[at] ?? 0) ^ (1 << random(8)), at);
        break;
      case 2:
        file.writeBigUInt64LE(ODD_NUMBERS[random(ODD_NUMBERS.length)] ?? 0n, at - (at % 8));
        break;
      case 3:
        file.writeUInt32LE(random(2) === 0 ? 0xffff_ffff : random(file.length), at - (at % 4));
        break;
      case 4:
        file.writeBigUInt64LE(BigInt(random(file.length * 2)), at - (at % 8));
        break;
      case 5:
        original.copy(file, at, random(original.length), random(original.length));
        break;
      case 6:
        file.fill(random(2) === 0 ? 0 : 0xe8, at, Math.min(file.length, at + random(4096)));
        break;
      default:
        if (random(4) === 0) file = file.subarray(0, Math.max(1, random(file.length)));
        break;
    }
    if (file.length < 16) break;
  }
  return file;
}
