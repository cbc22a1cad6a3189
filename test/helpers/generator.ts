/** The generator of test/triggers/trigger.h: xorshift32, four bytes a step, little endian. */
export function generate(state: number, count: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(count / 4));
  let x = state >>> 0;
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x;
  }
  return new Uint8Array(words.buffer, 0, count);
}
