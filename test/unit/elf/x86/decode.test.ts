import { execFileSync } from 'node:child_process';
import { test } from 'tap';
import { decode, type Instruction } from '../../../../src/elf/x86/index.js';
import { generate } from '../../../helpers/generator.js';
import { Comparison } from '../../../helpers/objdump.js';

const hex = (text: string): Uint8Array => Buffer.from(text, 'hex');

/** What follows is not of the instruction: none may be taken into its length. */
const PADDING = '90'.repeat(15);

const one = (text: string): Instruction | null => decode(hex(text + PADDING), 0, 0x1000);

test('lengths of each way to encode operands, prefixes and immediates', (t) => {
  const whole = [
    '90',
    'c3',
    'f3c3',
    '55',
    '4157',
    '4883ec18',
    '4881ec00010000',
    '64488b042528000000',
    '488d0d25cf0400',
    '0fb6442408',
    '8b448b10',
    '8b848b00010000',
    '8b0485f8ffffff',
    'c7442404ffffffff',
    '66c744240400ff',
    '48b8efcdab8967452301',
    'b8ffffffff',
    '66b8ffff',
    'a1efcdab8967452301',
    '67a1efcdab89',
    'c8100000',
    'c20800',
    'f644240801',
    'f6d8',
    'f7c1ffffffff',
    'f7d9',
    '66f7c1ffff',
    '6aff',
    '68ffffffff',
    '0f1f440000',
    '660f1f840000000000',
    '662e0f1f840000000000',
    '0f20c0',
    '0f384001',
    '660f3a0fc108',
    'f20f78c10203',
    'c5f877',
    'c5f96fc1',
    'c4e27918c1',
    'c4e3790fc108',
    'c5f970c108',
    '62f17c4828c1',
    '62f3fd4825c1ff',
    '62f17d4870c108',
    '8fe878c0c108',
    '8fe97801c1',
    '8fea7810c104030201',
    '8f0424',
    'f04883442410ff',
    '0f0fc1bf',
    'd9e8',
    'db2c24',
    'e3fe',
    'c7f800000000',
    'c6f801',
    '65ff142500000000',
  ];
  for (const text of whole) t.equal(one(text)?.length, hex(text).length, text);
  t.end();
});

test('what the processor does not take, or not everywhere alike, is no instruction', (t) => {
  const none = [
    '06',
    '60',
    '82c001',
    '9a',
    'd4',
    'ea',
    'ce',
    '0f04',
    '0f0a',
    '0f24c0',
    '0f39',
    '66e800000000',
    '660f8400000000',
    'f2c5f877',
    '48c4e27918c1',
    '62f44828c1',
    '8feb78c0c1',
  ];
  for (const text of none) t.equal(one(text), null, text);
  t.equal(one('66'.repeat(15) + '90'), null, 'longer than 15 bytes');
  t.equal(one('66'.repeat(14) + '90')?.length, 15);
  t.end();
});

test('an instruction that is cut short is none, wherever it is cut', (t) => {
  for (const text of [
    '64488b042528000000',
    '48b8efcdab8967452301',
    '62f17d4870c108',
    'e800000000',
    'c8100000',
  ]) {
    const bytes = hex(text);
    for (let length = 0; length < bytes.length; length += 1) {
      t.equal(decode(bytes.subarray(0, length), 0), null, `${text} after ${length}`);
    }
  }
  t.equal(decode(hex('90'), 1), null);
  t.equal(decode(hex('90'), -1), null);
  t.end();
});

test('kinds, and what of them Linux runs without stepping', (t) => {
  const kinds: readonly (readonly [string, string, boolean])[] = [
    ['55', 'push', true],
    ['4157', 'push', true],
    ['4055', 'push', false],
    ['6655', 'other', false],
    ['90', 'nop', true],
    ['6690', 'nop', false],
    ['0f1f440000', 'nop', false],
    ['4190', 'other', false],
    ['e800000000', 'call', true],
    ['ff10', 'call', false],
    ['e900000000', 'jmp', true],
    ['eb00', 'jmp', true],
    ['ffe0', 'jmp', false],
    ['f2e900000000', 'jmp', false],
    ['7800', 'jcc', true],
    ['0f8800000000', 'jcc', true],
    ['e300', 'jcc', false],
    ['2e7400', 'jcc', false],
    ['c3', 'ret', false],
    ['f3c3', 'ret', false],
    ['c20800', 'ret', false],
    ['c9', 'leave', false],
    ['f30f1efa', 'endbr64', false],
    ['f30f1efb', 'other', false],
    ['4883ec18', 'other', false],
    ['ff30', 'other', false],
  ];
  for (const [text, kind, isEmulated] of kinds) {
    t.match(one(text), { kind, isEmulated }, text);
  }
  t.end();
});

test('targets and references are counted from the end of the instruction', (t) => {
  t.match(one('e8fbffffff'), { target: 0x1000, immediate: null });
  t.match(one('7f02'), { target: 0x1004 });
  t.match(one('0f8f00010000'), { target: 0x1106 });
  t.match(one('ffe0'), { target: null });
  t.match(one('488d0501000000'), { refers: 0x1008, operands: { reg: 0, rm: null, base: null } });
  t.match(one('8105f8ffffff01000000'), { refers: 0x1002, immediate: 1 });
  t.end();
});

test('operands and immediates', (t) => {
  t.match(one('4c8b7c2408'), {
    isWide: true,
    operands: { reg: 15, rm: null, base: 4, index: null, displacement: 8 },
  });
  t.match(one('4189d8'), { isWide: false, operands: { reg: 3, rm: 8 } });
  t.match(one('8b04cd10000000'), { operands: { base: null, index: 1, displacement: 16 } });
  t.match(one('8b4500'), { operands: { base: 5, displacement: 0 } });
  t.match(one('6aff'), { immediate: -1 });
  t.match(one('48b8ffffffffffffffff'), { immediate: -1 });
  t.match(one('48b8efcdab8967452301'), { immediate: null }, 'no safe integer');
  t.match(one('41be01000000'), { low: 14, immediate: 1 });
  t.match(one('64488b042528000000'), { hasPrefix: true, isModified: false });
  t.match(one('f0480fc107'), { hasPrefix: true, isModified: true });
  t.end();
});

test('whatever the bytes are, it ends within 15 of them and does not throw', (t) => {
  const bytes = generate(1, 200_000);
  let decoded = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const found = decode(bytes, at);
    if (found === null) continue;
    decoded += 1;
    if (found.length < 1 || found.length > 15 || at + found.length > bytes.length)
      t.fail(`at ${at}`);
  }
  t.ok(decoded > 100_000, `${decoded} are instructions`);
  t.end();
});

test('code of the C library is decoded as by objdump', async (t) => {
  if (process.arch !== 'x64') {
    t.comment('no code of x86-64 here');
    return;
  }
  const libm = execFileSync('cc', ['-print-file-name=libm.so.6'], { encoding: 'utf8' }).trim();
  const all = new Comparison();
  await all.file(libm);
  t.equal(all.count, 0, all.differences.join('\n'));
  t.ok(all.instructions > 50_000, `${all.instructions} compared`);
});
