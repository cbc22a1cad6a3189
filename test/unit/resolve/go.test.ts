import t from 'tap';
import { openImage } from '../../../src/elf/index.js';
import type { Found } from '../../../src/resolve/index.js';
import { go } from '../../../src/resolve/go.js';
import { buildGo, offsetIn, readerOf, type GoPlan } from './build-go.js';

const GO_1_2 = 0xfffffffb;
const GO_1_16 = 0xfffffffa;
const GO_1_18 = 0xfffffff0;
const GO_1_20 = 0xfffffff1;

/** cmp rsp, [r14+16]; jbe; ret; call; jmp to the beginning. */
const CODE = [0x49, 0x3b, 0x66, 0x10, 0x76, 1, 0xc3, 0xe8, 1, 2, 3, 0, 0xeb, 0xf2];
/** ldr x16, [x28, #16]; cmp sp, x16; b.ls; ret; bl; b to the beginning. */
const ARM_WORDS = [0xf9400b90, 0xeb3063ff, 0x54000049, 0xd65f03c0, 0x94000100, 0x17fffffb];
const ARM_CODE = ARM_WORDS.flatMap((word) => [...Buffer.from(Uint32Array.of(word).buffer)]);

const WRITE = 'crypto/tls.(*Conn).Write';
const READ = 'crypto/tls.(*Conn).Read';
const CLOSE = 'crypto/tls.(*Conn).Close';

const planOf = (plan: Partial<GoPlan> = {}, names = [READ, CLOSE, WRITE]): GoPlan => {
  const code = plan.machine === 'aarch64' ? ARM_CODE : CODE;
  const all = ['runtime.main', ...names, 'crypto/tls.(*Conn).WriteTo', 'main.main'];
  return { magic: GO_1_20, functions: all.map((name) => ({ name, code })), ...plan };
};

const resolve = (file: Buffer): Found | null => {
  const image = openImage(readerOf(file));
  if (typeof image === 'string') throw new Error(image);
  return go(image);
};

/** What is to be found when the functions are the second, third and fourth. */
const expected = (plan: GoPlan): Found => {
  const [entry, ret] = plan.machine === 'aarch64' ? [8, 12] : [4, 6];
  const site = (index: number, at: number): number => offsetIn(plan, index, at);
  return {
    library: 'go',
    by: 'symbols',
    sites: [
      { call: 'go_write', entry: site(3, entry), returns: [site(3, ret)] },
      { call: 'go_read', entry: site(1, entry), returns: [site(1, ret)] },
      { call: 'go_close', entry: site(2, entry), returns: [] },
    ],
  };
};

t.test('the functions are found in every layout of the table', async (t) => {
  const pie = { table: '.data.rel.ro.gopclntab', module: '.data', text: '.text' };
  const foreign = { table: '.data.rel.ro', module: '.go.buildinfo', text: '.code' };
  const none = { table: '.rodata', module: '.note.go.buildid', text: '.code' };
  const cases: [string, Partial<GoPlan>][] = [
    ['1.17, with addresses', { magic: GO_1_16 }],
    ['1.18', { magic: GO_1_18 }],
    ['1.20', { magic: GO_1_20 }],
    ['arm64', { machine: 'aarch64' }],
    ['position-independent', { sections: pie }],
    ['by a foreign linker', { sections: foreign }],
    ['without section headers', { sections: null }],
    ['1.26, the text told by .go.module', { textStart: 0 }],
    ['1.26, and found by the pointer to the table', { textStart: 0, sections: none }],
    ['1.26, and without section headers', { textStart: 0, sections: null }],
    ['1.26, where relocations would tell: .text', { textStart: 0, moduleText: 0 }],
    ['1.26, where something else is told: .text', { textStart: 0, moduleText: 0x40_2010 }],
  ];
  for (const [name, plan] of cases) {
    t.same(resolve(buildGo(planOf(plan))), expected(planOf(plan)), name);
  }
});

t.test('a function the linker left out is no reason to give up the others', async (t) => {
  t.match(resolve(buildGo(planOf({}, [READ]))), { sites: [{ call: 'go_read' }] });
});

t.test('a file without this library is none', async (t) => {
  t.equal(resolve(buildGo(planOf({}, []))), null, 'no function of it');
  t.equal(resolve(buildGo(planOf({}, [CLOSE]))), null, 'none that moves bytes');
  t.equal(resolve(buildGo(planOf({}, [`x${WRITE}`, `${READ}-fm`]))), null, 'names that contain it');
  const other = { table: '.rodata', module: '.data', text: '.text' };
  t.equal(resolve(buildGo(planOf({ sections: other }))), null, 'no program of Go by its sections');
  t.equal(resolve(buildGo(planOf({ magic: 0xfffffff2 }))), null, 'a table nobody knows');
});

t.test('a table that lies is refused, or is none', async (t) => {
  const none: [string, Partial<GoPlan>][] = [
    ['more functions than any program', { words: { 0: 5_000_000 } }],
    ['more functions than the file has room for', { words: { 0: 1_000_000 } }],
    ['a number beyond all files', { words: { 7: 2 ** 60 } }],
    ['tables in another order', { words: { 3: 4000 } }],
    ['names over the whole address space', { words: { 4: 2 ** 40, 7: 2 ** 41 } }],
  ];
  for (const [name, plan] of none) t.equal(resolve(buildGo(planOf(plan))), null, name);
  const refused: [string, GoPlan, RegExp][] = [
    ['a record outside the file', planOf({ records: { 0: 0xffff0000 } }), /contradicts/],
    ['names outside the file', planOf({ words: { 4: 0x3d00, 7: 0x3d00 } }), /contradicts/],
    ['a name twice', planOf({}, [READ, READ]), /two functions are/],
    ['the text elsewhere', planOf({ textStart: 0x40_2010 }), /does not begin|not in the text/],
    ['no code there', planOf({ textStart: 0x50_0000 }), /not in the text/],
    ['no file there', planOf({ textStart: 0x7000_0000 }), /not in the text/],
    [
      'nothing says where the text is',
      planOf({
        textStart: 0,
        moduleText: 0,
        sections: { table: '.gopclntab', module: '.go.module', text: '.code' },
      }),
      /where the text begins/,
    ],
    ['Go 1.15', planOf({ magic: GO_1_2 }), /before 1\.16/],
    ['Go 1.17 on arm64', planOf({ magic: GO_1_16, machine: 'aarch64' }), /before 1\.17/],
  ];
  for (const [name, plan, reason] of refused) {
    t.match(resolve(buildGo(plan)), { library: 'go', refused: reason }, name);
  }
});

t.test('functions in the wrong order, or too long, are refused', async (t) => {
  const plan = planOf();
  t.match(resolve(buildGo({ ...plan, starts: { 4: 96 } })), { refused: /contradicts/ });
  const huge = { name: WRITE, code: [...CODE, ...Array<number>(70_000).fill(0x90)] };
  const functions = [...plan.functions.slice(0, 3), huge];
  t.match(resolve(buildGo({ ...plan, functions })), { refused: /not in the text/ });
});

t.test('no change of a byte makes it throw or hang', async (t) => {
  const whole = buildGo(planOf());
  let seed = 1;
  let kept = 0;
  let outside = 0;
  for (let round = 0; round < 4000; round += 1) {
    const file = Buffer.from(whole);
    for (let change = 0; change < 3; change += 1) {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      const at = 0x400 + ((seed >>> 8) % 0x180);
      file.writeUInt8(seed >>> 24, at);
    }
    const found = resolve(file);
    if (found !== null && !('refused' in found)) {
      kept += 1;
      outside += found.sites.filter(({ entry }) => entry >= file.length).length;
    }
  }
  t.equal(outside, 0);
  t.ok(kept > 0 && kept < 4000, 'some changes mattered, some did not');
});
