import t from 'tap';
import { readGoCode } from '../../../src/resolve/go-code.js';

const SMALL = [0x49, 0x3b, 0x66, 0x10];
const LARGE = [0x4c, 0x8d, 0x64, 0x24, 0x98, 0x4d, 0x3b, 0x66, 0x10];
const LARGER = [0x4c, 0x8d, 0xa4, 0x24, 0, 0xff, 0xff, 0xff, 0x4d, 0x3b, 0x66, 0x10];
const NOP = 0x90;
const RET = 0xc3;
const INT3 = 0xcc;
/** call morestack */
const CALL = [0xe8, 0x34, 0x12, 0, 0];

/** The check, jbe behind the body, the body, the call that lets the stack grow, and back to the beginning. */
const x86 = (check: readonly number[], body: readonly number[]): Uint8Array => {
  const code = [...check, 0x76, body.length, ...body, ...CALL];
  return Uint8Array.from([...code, 0xeb, 256 - (code.length + 2), INT3, INT3]);
};

t.test('x86-64: the jump of the stack check is the entry, and every ret a return', async (t) => {
  for (const check of [SMALL, LARGE, LARGER]) {
    const entry = check.length;
    const found = readGoCode(x86(check, [NOP, RET, NOP, NOP, RET]), 'x86-64');
    t.same(found, { entry, returns: [entry + 3, entry + 6] }, `${check.length} bytes of check`);
  }
  const near = [...SMALL, 0x0f, 0x86, 1, 0, 0, 0, RET, ...CALL];
  const code = Uint8Array.from([...near, 0xeb, 256 - (near.length + 2)]);
  t.same(readGoCode(code, 'x86-64'), { entry: 4, returns: [10] }, 'a jump that is far');
});

t.test('x86-64: a byte of an operand is no return', async (t) => {
  // mov eax, 0xc3c3c3c3
  const found = readGoCode(x86(SMALL, [0xb8, RET, RET, RET, RET, RET]), 'x86-64');
  t.same(found, { entry: 4, returns: [11] });
});

t.test('x86-64: what is no function of Go is refused', async (t) => {
  const whole = x86(SMALL, [NOP, RET]);
  const cases: [string, Uint8Array, RegExp][] = [
    ['nothing', new Uint8Array(), /does not begin/],
    ['only a check', Uint8Array.from(SMALL), /does not begin/],
    ['another beginning', Uint8Array.from([0x55, 0x48, 0x89, 0xe5, RET]), /does not begin/],
    ['another jump', whole.map((byte) => (byte === 0x76 ? 0x77 : byte)), /does not begin/],
    ['no way back', whole.slice(0, -4), /does not begin/],
    ['no return', x86(SMALL, [NOP, NOP]), /never returns/],
    // 06 was push es until 64 bits.
    ['no instruction', x86(SMALL, [0x06, RET]), /does not decode/],
    // The jump leads to the middle of mov eax, imm32.
    ['a jump into an instruction', x86(SMALL, [0xeb, 1, 0xb8, 0, 0, 0, 0, RET]), /not decode/],
    ['returns everywhere', x86(SMALL, Array<number>(65).fill(RET)), /too many places/],
    [
      'arguments on the stack',
      Uint8Array.from([0x64, 0x48, 0x8b, 0x0c, 0x25, 0xf8, 0xff, 0xff, 0xff, 0x48]),
      /before 1\.17/,
    ],
  ];
  for (const [name, code, refused] of cases) {
    t.match(readGoCode(code, 'x86-64'), { refused }, name);
  }
});

const ARM_LIMIT = 0xf9400b90;
const ARM_SMALL = 0xeb3063ff;
/** sub x17, sp, #80; cmp x17, x16 */
const ARM_LARGE = [0xd10143f1, 0xeb10023f];
const ARM_BLS = 0x540000a9;
const ARM_NOP = 0xd503201f;
const ARM_RET = 0xd65f03c0;
const ARM_BL = 0x94000123;

const arm = (words: readonly number[], back = -words.length): Uint8Array => {
  const code = Buffer.alloc((words.length + 1) * 4);
  words.forEach((word, index) => code.writeUInt32LE(word, index * 4));
  code.writeUInt32LE((0x14000000 | (back & 0x3ffffff)) >>> 0, words.length * 4);
  return code;
};

t.test('aarch64: the branch of the stack check is the entry, and every ret a return', async (t) => {
  const small = arm([ARM_LIMIT, ARM_SMALL, ARM_BLS, ARM_NOP, ARM_RET, ARM_RET, ARM_BL]);
  t.same(readGoCode(small, 'aarch64'), { entry: 8, returns: [16, 20] });
  const large = arm([ARM_LIMIT, ...ARM_LARGE, ARM_BLS, ARM_RET, ARM_BL]);
  t.same(readGoCode(large, 'aarch64'), { entry: 12, returns: [16] });
});

t.test('aarch64: what is no function of Go is refused', async (t) => {
  const cases: [string, Uint8Array, RegExp][] = [
    ['nothing', new Uint8Array(), /does not begin/],
    ['another beginning', arm([ARM_NOP, ARM_SMALL, ARM_BLS, ARM_RET]), /does not begin/],
    ['no comparison', arm([ARM_LIMIT, ARM_NOP, ARM_BLS, ARM_RET]), /does not begin/],
    ['no branch', arm([ARM_LIMIT, ARM_SMALL, ARM_NOP, ARM_RET]), /does not begin/],
    ['another condition', arm([ARM_LIMIT, ARM_SMALL, ARM_BLS ^ 1, ARM_RET]), /does not begin/],
    ['no way back', arm([ARM_LIMIT, ARM_SMALL, ARM_BLS, ARM_RET], -3), /does not begin/],
    ['no return', arm([ARM_LIMIT, ARM_SMALL, ARM_BLS, ARM_NOP]), /never returns/],
  ];
  for (const [name, code, refused] of cases) {
    t.match(readGoCode(code, 'aarch64'), { refused }, name);
  }
});
