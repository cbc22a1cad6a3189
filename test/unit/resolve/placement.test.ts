import { test } from 'tap';
import type { ProbeSite, TlsCall } from '../../../src/event/index.js';
import { isCheap, place } from '../../../src/resolve/placement.js';
import { assembled, BASE, TO_OFFSET } from './assembled.js';

const siteAt = (address: number, call: TlsCall = 'write'): ProbeSite => ({
  call,
  entry: address - TO_OFFSET,
  returns: [],
});

/** How far into a function of these bytes its probe is put. */
function movedBy(text: string, call: TlsCall = 'write'): number {
  const code = assembled({ before: 'c3', one: text, after: 'c3' });
  const site = siteAt(code.at('one'), call);
  return place(code, site).entry - site.entry;
}

test('a function that begins with an emulated instruction keeps its probe', (t) => {
  t.equal(movedBy('55 4889e5 5d c3'), 0);
  t.ok(isCheap(assembled({ one: '55c3' }), siteAt(BASE)));
  t.notOk(isCheap(assembled({ one: '4883ec18 c3' }), siteAt(BASE)));
  t.end();
});

test('behind what changes nothing the probe is put at the first emulated instruction', (t) => {
  t.equal(movedBy('f30f1efa 4157 415f c3'), 4, 'endbr64; push r15');
  t.equal(movedBy('4885ff 7400 c3'), 3, 'test rdi,rdi; je');
  t.equal(movedBy('31c0 4889fb e800000000 c3'), 5, 'xor eax,eax; mov rbx,rdi; call');
  t.end();
});

test('a place behind something that makes a difference is not taken', (t) => {
  t.equal(movedBy('4883ec18 7800 c3'), 0, 'the stack pointer has moved');
  t.equal(movedBy('4863d2 55 5d c3'), 0, 'an argument was written, even with itself');
  t.equal(movedBy('31c9 55 5d c3', 'write_ex'), 0, 'rcx is an argument');
  t.equal(movedBy('4889e5 488927 55 5d c3'), 0, 'memory was written');
  t.equal(movedBy('58 55 5d c3'), 0, 'something was popped');
  t.equal(movedBy('ffd0 55 5d c3'), 0, 'an indirect call');
  t.equal(movedBy('87d1 55 c3'), 0, 'not in the list of what is known');
  t.equal(movedBy(`${'85c0 '.repeat(8)} 55 5d c3`), 0, 'too far');
  t.equal(movedBy('85c0 c3'), 0, 'there is none');
  t.equal(movedBy('85c0 06'), 0, 'no instruction');
  t.end();
});

test('a place that the function itself comes back to is not taken', (t) => {
  t.equal(movedBy('4885ff 7402 ebfc c3'), 0, 'jmp back to the je');
  t.equal(movedBy('4885ff 7402 ebf9 c3'), 3, 'jmp back to the first instruction goes through both');
  t.equal(movedBy('4885ff 7400 06 ebfa c3'), 0, 'not all of it can be read');
  t.end();
});

test('the convention of the call says what an argument is', (t) => {
  t.equal(movedBy('31c9 4531c0 e900000000', 'write'), 5, 'GnuTLS: two more arguments for another');
  t.equal(movedBy('4531c0 55 5d c3', 'write_ex'), 3);
  t.equal(movedBy('4531c0 55 5d c3', 'write_flags_ex'), 0);
  t.equal(movedBy('31f6 55 5d c3', 'free'), 2);
  t.equal(movedBy('31ff 55 5d c3', 'free'), 0);
  t.equal(movedBy('4531c9 55 5d c3', 'aead_open'), 0, 'all six, and those on the stack');
  t.equal(movedBy('493b6610 7600 c3', 'go_write'), 4, 'cmp rsp,[r14+16]; jbe');
  t.equal(movedBy('4c8d6424a8 4d3b6610 7600 c3', 'go_read'), 9, 'lea r12,[rsp-88]');
  t.equal(movedBy('31c0 55 5d c3', 'go_write'), 0, 'rax is the receiver');
  t.equal(movedBy('31c0 55 5d c3', 'write'), 2);
  t.end();
});

test('where the function is not known, or the machine is another, nothing is moved', (t) => {
  const code = assembled({ one: 'f30f1efa 4157 415f c3' });
  const site = siteAt(BASE);
  const same = (other: Partial<typeof code>) =>
    place({ ...code, ...other }, site).entry === site.entry;
  t.notOk(same({}));
  t.ok(same({ machine: 'aarch64' }));
  t.ok(same({ functionAt: () => null }));
  t.ok(same({ functionAt: () => ({ start: BASE - 1, end: BASE + 9 }) }), 'begins elsewhere');
  t.ok(same({ functionAt: () => ({ start: BASE, end: BASE + 4 }) }), 'ends before');
  t.ok(same({ functionAt: () => ({ start: BASE, end: BASE + 65_537 }) }), 'too large');
  t.ok(same({ functionAt: () => ({ start: BASE, end: BASE + 60_000 }) }), 'not all in the file');
  t.ok(same({ addressOf: () => null }));
  t.ok(same({ offsetOf: () => null }));
  t.ok(same({ bytes: () => null }));
  t.notOk(isCheap({ ...code, addressOf: () => null }, site));
  t.end();
});
