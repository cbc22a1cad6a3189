import t from 'tap';
import { openImage, type FileReader, type Image } from '../../../src/elf/index.js';
import { awsLc } from '../../../src/resolve/aws-lc.js';
import { ring } from '../../../src/resolve/ring.js';
import { buildProgram, type FunctionPlan, type ProgramPlan } from '../elf/build-program.js';

const AEAD = '/aws-lc/crypto/fipsmodule/cipher/aead.c';
const ERRORS = ['peer is incompatible: ', 'peer misbehaved: '];

const raising = (name: string, ...reasons: readonly number[]): FunctionPlan => ({
  name,
  does: [
    { step: 'frame' },
    ...reasons.flatMap((reason) => [
      { step: 'raise', path: AEAD, reason } as const,
      { step: 'fill', bytes: 32 } as const,
    ]),
    { step: 'return' },
  ],
});

/** Who raises what in AWS-LC's aead.c of 2025. */
const FUNCTIONS: readonly FunctionPlan[] = [
  {
    name: 'main',
    does: [
      { step: 'frame' },
      ...['init', 'seal', 'seal_scatter', 'open', 'open_gather'].map(
        (name) => ({ step: 'call', name }) as const,
      ),
      { step: 'fill', bytes: 32 },
      { step: 'return' },
    ],
  },
  raising('init', 120, 124),
  raising('seal', 117, 103, 115),
  raising('seal_scatter', 112, 115),
  raising('open', 115, 101, 103),
  raising('open_gather', 115, 104),
];

const changed = (name: string, to: FunctionPlan): ProgramPlan => ({
  functions: FUNCTIONS.map((one) => (one.name === name ? to : one)),
});

function imageOf(file: Uint8Array): Image {
  const reader: FileReader = { size: file.length, read: (at, n) => file.subarray(at, at + n) };
  const image = openImage(reader);
  if (typeof image === 'string') throw new Error(image);
  return image;
}

/** What was found, with the names of functions instead of their offsets. */
function found(plan: ProgramPlan, change = (file: Buffer): Buffer => file): unknown {
  const program = buildProgram(plan);
  const names = new Map(plan.functions.map(({ name }) => [program.offsetOf(name), name]));
  const stack = awsLc(imageOf(change(program.file)));
  if (stack === null || 'refused' in stack) return stack && stack.refused;
  return stack.sites.map(({ call, entry }) => `${call} ${names.get(entry) ?? '?'}`);
}

const WANTED = ['aead_seal seal', 'aead_seal_scatter seal_scatter', 'aead_open open'];

/** `mov edx, reason` as compilers for size write it: push and pop. */
function forSize(file: Buffer): Buffer {
  const small = Buffer.from(file);
  for (let at = 0; at + 5 <= small.length; at += 1) {
    const isMove = small[at] === 0xba && small.readUInt32LE(at + 1) < 128;
    if (isMove) Buffer.from([0x6a, small[at + 1] ?? 0, 0x5a, 0x90, 0x90]).copy(small, at);
  }
  return small;
}

t.test("AWS-LC's functions are told by the errors they raise", async (t) => {
  t.same(found({ functions: FUNCTIONS }), WANTED, 'with the starts that calls lead to');
  t.same(found({ functions: FUNCTIONS, unwind: true }), WANTED, 'with an unwind table');
  t.same(found({ functions: FUNCTIONS, fixed: true }), WANTED, 'at fixed addresses');
  t.same(found({ functions: FUNCTIONS, machine: 'aarch64' }), WANTED, 'on arm64');
  t.same(found({ functions: FUNCTIONS }, forSize), WANTED, 'built for size');
});

t.test('the path may begin with where the source was built', async (t) => {
  const long = FUNCTIONS.map((one) => ({
    ...one,
    does: one.does.map((step) =>
      step.step === 'raise' ? { ...step, path: `/root/aws-lc-sys-0.38.0${AEAD}` } : step,
    ),
  }));
  t.same(found({ functions: long }), WANTED);
});

t.test('what is not unique is refused', async (t) => {
  const seal = changed('init', raising('init', 117, 103, 115));
  t.equal(found(seal), '2 functions look like aead_seal');
  t.equal(found(changed('open', raising('open', 115, 103))), '0 functions look like aead_open');
  t.equal(
    found(changed('seal_scatter', raising('seal_scatter', 112, 115, 104))),
    '0 functions look like aead_seal_scatter',
  );
  const many = raising('init', ...Array.from({ length: 300 }, () => 120));
  t.equal(found(changed('init', many)), 'more code refers to aead.c than AWS-LC has');
});

t.test('code that does not decode or is too long tells nothing', async (t) => {
  const broken = (file: Buffer): Buffer => {
    const damaged = Buffer.from(file);
    // 06 is no instruction of x86-64; the reasons before it do not count either.
    for (let at = damaged.indexOf(0xc3, 0x1000); at >= 0; at = damaged.indexOf(0xc3, at + 1)) {
      damaged[at] = 0x06;
    }
    return damaged;
  };
  t.equal(found({ functions: FUNCTIONS, unwind: true }, broken), '0 functions look like aead_seal');
  const long = raising('seal', 117, 103, 115);
  const does = [...long.does.slice(0, -1), { step: 'fill', bytes: 5000 } as const];
  const plan = changed('seal', { ...long, does });
  t.equal(found({ ...plan, unwind: true }), '0 functions look like aead_seal');
});

t.test('a file without AWS-LC, or with its own TLS, is not of this family', async (t) => {
  const main: FunctionPlan = { name: 'main', does: [{ step: 'frame' }, { step: 'return' }] };
  t.equal(found({ functions: [main] }), null);
  const own = { functions: FUNCTIONS, texts: ['/aws-lc/ssl/ssl_lib.cc'] };
  t.equal(found(own), null, 'BoringSSL and its like are read where they write streams');
});

t.test('rustls that cannot be read is named', async (t) => {
  const functions: FunctionPlan[] = [
    { name: 'main', does: [{ step: 'frame' }, { step: 'return' }] },
  ];
  const named = (...texts: readonly string[]): unknown => {
    const stack = ring(imageOf(buildProgram({ functions, texts }).file));
    return stack && 'refused' in stack ? `${stack.library}: ${stack.refused}` : stack;
  };
  const overRing = 'ring: rustls over ring: no function has a whole record';
  t.equal(named('/x/rustls-0.23.36/src/crypto/ring/tls13.rs'), overRing);
  t.equal(
    named('/x/rustls-0.23.36/src/crypto/ring/tls13.rs', AEAD, ...ERRORS),
    overRing,
    'beside AWS-LC',
  );
  t.equal(named(...ERRORS), 'ring: rustls over a library that does not show its name');
  t.equal(named(...ERRORS, AEAD), null, 'over AWS-LC, which is another family');
  t.equal(named('peer misbehaved: '), null, "another program's words");
  t.equal(named('ring-0.17.14/src/aead/aes_gcm.rs'), null, 'ring for something else');
});
