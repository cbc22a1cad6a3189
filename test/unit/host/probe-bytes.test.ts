import t from 'tap';
import { flawOf, type ProbeBytes } from '../../../src/host/probe-bytes.js';

const bytes = (text: string): Uint8Array =>
  Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const ADDRESS = 0x7f00_0000_1000n;
const TRAMPOLINE = 0x7f00_0000_0000n;

/** `memory` and `file` in hexadecimal, the probe at the fifth byte. */
const place = (memory: string, file: string, more: Partial<ProbeBytes> = {}): ProbeBytes => ({
  memory: bytes(memory),
  file: bytes(file),
  at: 4,
  address: ADDRESS,
  isTrampoline: (address) => address === TRAMPOLINE,
  ...more,
});

const FILE = '01020304 55 4889e5 90909090';

t.test('x86: a trap stands for the probed instruction, and for those of others', (t) => {
  const flaw = (memory: string): unknown => flawOf(place(memory, FILE), 'x64');
  t.equal(flaw('01020304 cc 4889e5 90909090'), null);
  t.equal(flaw('01cc0304 cc 4889e5 9090cc90'), null, 'other probes');
  t.equal(flaw(FILE), 'restored');
  t.equal(flaw('01020304 90 4889e5 90909090'), 'overwritten');
  t.equal(flaw('01e90304 cc 4889e5 90909090'), 'patched');
  t.equal(flaw('01020304 cc 4889e5 909090e9'), 'patched');
  t.equal(flaw('01020304'), 'overwritten', 'cut before it');
  t.end();
});

t.test('x86: a call to the trampoline of the kernel stands for a five-byte nop', (t) => {
  const nop = '01020304 0f1f440000 909090';
  // From the end of the call: 0x1000 + 4 + 5 back to the trampoline.
  const called = (relative: string, file = nop) =>
    flawOf(place(`01020304 e8${relative} 909090`, file), 'x64');
  t.equal(called('f7efffff'), null);
  t.equal(called('f8efffff'), 'overwritten', 'to somewhere else');
  t.equal(called('f7efffff', '01020304 5548 89e500 909090'), 'overwritten', 'was no nop');
  t.equal(flawOf(place('01020304 e8f7ef', '01020304 0f1f44'), 'x64'), 'overwritten', 'cut');
  t.end();
});

t.test('arm64: the trap is a whole instruction', (t) => {
  const file = '20008052 fd7bbfa9 fd030091';
  const flaw = (memory: string): unknown => flawOf(place(memory, file), 'arm64');
  t.equal(flaw('20008052 a00020d4 fd030091'), null);
  t.equal(flaw('a00020d4 a00020d4 fd030091'), null, 'and that of somebody else');
  t.equal(flaw(file), 'restored');
  t.equal(flaw('20008052 a00020d4 fd0300d4'), 'patched');
  t.equal(flaw('20008052 a0002000 fd030091'), 'overwritten');
  t.end();
});

t.test('of a machine that is not known nothing is said', (t) => {
  t.equal(flawOf(place(FILE, FILE), 'riscv64'), null);
  t.end();
});
