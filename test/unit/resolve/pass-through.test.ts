import { test } from 'tap';
import { passThrough, type CountGoes } from '../../../src/resolve/pass-through.js';
import { assembled, BASE } from './assembled.js';
import { ERROR, EX, EX_FLAGS, INNER, PLAIN, PLAIN_FLAGS } from './openssl-code.js';

function passed(text: string, count: CountGoes = 'to_own', others: Record<string, string> = {}) {
  const code = assembled({ one: text, inner: INNER, error: ERROR, ...others });
  const found = passThrough(code, BASE, count);
  return found && { ...found, inner: found.inner === code.at('inner') ? 'inner' : found.inner };
}

const FOUND = { inner: 'inner', hasFlags: false };

test('the inner function of what compilers make of SSL_write and SSL_write_ex', (t) => {
  t.same(passed(PLAIN), FOUND);
  t.same(passed(`f30f1efa ${PLAIN}`), FOUND, 'marked for indirect branches');
  t.same(passed(EX, 'to_caller'), FOUND);
  t.same(passed(PLAIN_FLAGS), { inner: 'inner', hasFlags: true });
  t.same(passed(EX_FLAGS, 'to_caller'), { inner: 'inner', hasFlags: true });
  t.same(
    passed('55 4889e5 4883ec10 488d4df8 4863d2 call:inner c9 c3'),
    FOUND,
    'with a frame pointer',
  );
  t.same(passed('53 4889fb 4889df 488d0c24 call:inner 5b c3'), FOUND, 'by way of another register');
  t.same(passed('jmp:inner', 'to_caller'), null, 'a jump is no call: nothing comes back here');
  t.end();
});

test('a function that does not hand on what it was given is not taken for one that does', (t) => {
  const tail = 'call:inner 4883c418 c3';
  t.same(passed(`4883ec18 4889e1 ${tail}`), FOUND);
  t.equal(passed(`4883ec18 4889e1 89d2 ${tail}`), null, 'a length cut to 32 bits is another');
  t.equal(passed(`4883ec18 4889e1 4889f7 ${tail}`), null, 'the session is another');
  t.equal(passed(`4883ec18 4889e1 488d7601 ${tail}`), null, 'the buffer is another');
  t.equal(passed(`4883ec18 ${tail}`), null, 'there is no place for the count');
  t.equal(
    passed(`4883ec18 4889e1 ${tail}`, 'to_caller'),
    null,
    'the place is not that of the caller',
  );
  t.equal(passed(`4883ec18 4989e0 b901000000 ${tail}`), null, 'flags are set');
  t.equal(passed(`4883ec18 call:error 4889e1 ${tail}`), null, 'a call before may have changed all');
  t.equal(passed(`4883ec18 4889e1 ffd0 4883c418 c3`), null, 'it is called by a pointer');
  t.end();
});

test('every way through the function must lead there or fail', (t) => {
  const way = (rest: string) => passed(`4883ec18 4889e1 85d2 78${rest}`);
  // js over the call and what follows it: 10 bytes.
  t.same(way('0a call:inner 4883c418 c3 b8ffffffff 4883c418 c3'), FOUND, 'it gives -1');
  t.same(way('0a call:inner 4883c418 c3 31c0 4883c418 c3'), FOUND, 'it gives 0');
  t.equal(way('0a call:inner 4883c418 c3 b801000000 4883c418 c3'), null, 'it gives 1');
  t.equal(way('0a call:inner 4883c418 c3 4883c418 c3'), null, 'it gives whatever is there');
  t.equal(
    way('0a call:inner 4883c418 c3 call:error 4883c418 c3'),
    null,
    'it gives what another gives',
  );
  t.equal(way('0a call:inner 4883c418 c3 4883c418 jmp:error'), null, 'it goes on as another');
  t.equal(way('0a call:inner 4883c418 c3 ffe0'), null, 'it jumps nobody knows where');
  t.equal(way('0a call:inner 4883c418 c3 call:other 4883c418 c3'), null, 'there is no such place');
  t.end();
});

test('two functions that could be the inner one are none', (t) => {
  const both = '4883ec18 4889e1 85d2 780a call:inner 4883c418 c3 call:second 4883c418 c3';
  t.equal(passed(both, 'to_own', { second: INNER }), null);
  t.end();
});

test('the cold part of a function may lie elsewhere', (t) => {
  const cold = { cold: 'call:error b8ffffffff 4883c418 c3' };
  t.same(passed('4883ec18 4889e1 85d2 js:cold call:inner 4883c418 c3', 'to_own', cold), FOUND);
  t.equal(
    passed('4883ec18 4889e1 85d2 0f8800000070 call:inner 4883c418 c3'),
    null,
    'outside of the code',
  );
  t.end();
});

test('what is not understood, or does not end, is refused', (t) => {
  const tail = 'call:inner 4883c418 c3';
  t.equal(passed(`4883ec18 0fa2 4889e1 ${tail}`), null, 'cpuid');
  t.equal(passed(`4883ec18 06 ${tail}`), null, 'no instruction');
  t.equal(passed(`4889fc 4889e1 ${tail}`), null, 'the stack pointer is lost');
  t.equal(passed('4883ec18 4889e1 ebfe'), null, 'a loop without end');
  t.equal(
    passed(`4883ec18 4889e1 ${'85d27400'.repeat(3000)} ${tail}`),
    null,
    'longer than anything that hands on',
  );
  const code = assembled({ one: EX, inner: INNER, error: ERROR });
  t.equal(passThrough({ ...code, machine: 'aarch64' }, BASE, 'to_caller'), null);
  t.equal(passThrough(code, BASE + 4, 'to_caller'), null, 'not where a function begins');
  t.end();
});
