import { test } from 'tap';
import { decodeAarch64 } from '../../../src/elf/aarch64.js';

/** As an assembler writes the word, at 0x1000. */
function one(word: number) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(4, word, true);
  return decodeAarch64(bytes, 4, 0x1000);
}

test('branches and where they go', (t) => {
  t.match(one(0x94000001), { kind: 'call', target: 0x1004 }, 'bl .+4');
  t.match(one(0x97ffffff), { kind: 'call', target: 0xffc }, 'bl .-4');
  t.match(one(0x17fffffe), { kind: 'jmp', target: 0xff8 }, 'b .-8');
  t.match(one(0x54000041), { kind: 'jcc', target: 0x1008 }, 'b.ne .+8');
  t.match(one(0xb4000040), { kind: 'jcc', target: 0x1008 }, 'cbz x0,.+8');
  t.match(one(0x35ffffe0), { kind: 'jcc', target: 0xffc }, 'cbnz w0,.-4');
  t.match(one(0x36000040), { kind: 'jcc', target: 0x1008 }, 'tbz w0,#0,.+8');
  t.match(one(0xb7ffffe0), { kind: 'jcc', target: 0xffc }, 'tbnz x0,#62,.-4');
  t.end();
});

test('ways out by a register', (t) => {
  t.match(one(0xd65f03c0), { kind: 'ret', target: null, length: 4 }, 'ret');
  t.match(one(0xd65f0bff), { kind: 'ret', target: null }, 'retaa');
  t.match(one(0xd61f0200), { kind: 'jmp', target: null }, 'br x16');
  t.match(one(0xd63f0100), { kind: 'call', target: null }, 'blr x8');
  t.match(one(0xd71f0a11), { kind: 'jmp', target: null }, 'braa x16,x17');
  t.end();
});

test('all else', (t) => {
  t.match(one(0xd503201f), { kind: 'nop', target: null });
  t.match(one(0xa9bf7bfd), { kind: 'other' }, 'stp x29,x30,[sp,-16]!');
  t.match(one(0x00000000), { kind: 'other' });
  t.match(one(0xd69f03e0), { kind: 'other' }, 'eret');
  t.equal(decodeAarch64(new Uint8Array(7), 4), null, 'three bytes are none');
  t.equal(decodeAarch64(new Uint8Array(7), -1), null);
  t.end();
});
