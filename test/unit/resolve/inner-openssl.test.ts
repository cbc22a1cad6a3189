import { test } from 'tap';
import type { ProbeSite } from '../../../src/event/index.js';
import { placeOpenSsl } from '../../../src/resolve/inner-openssl.js';
import { assembled, TO_OFFSET, type Assembled } from './assembled.js';
import { ERROR, EX, EX_FLAGS, INNER, PLAIN, PLAIN_FLAGS } from './openssl-code.js';

const CALLS = {
  SSL_write: 'write',
  SSL_read: 'read',
  SSL_write_ex: 'write_ex',
  SSL_read_ex: 'read_ex',
  SSL_write_early_data: 'write_ex',
  SSL_free: 'free',
} as const;

type Names = readonly (keyof typeof CALLS)[];

const sitesOf = (code: Assembled, names: Names): ProbeSite[] =>
  names.map((name) => ({ call: CALLS[name], entry: code.at(name) - TO_OFFSET, returns: [] }));

/** Placed sites as `call@function` with how far into it, in the order of their names. */
function placed(code: Assembled, names: Names, functions: readonly string[]): string[] {
  const place = ({ call, entry }: ProbeSite) => {
    const address = entry + TO_OFFSET;
    const at = functions.find((name) => code.functionAt(address)?.start === code.at(name)) ?? '?';
    const into = address - code.at(at);
    return `${call}@${at}${into === 0 ? '' : `+${into}`}`;
  };
  return placeOpenSsl(code, sitesOf(code, names)).map(place).sort();
}

const run = (functions: Record<string, string>, names: Names): string[] =>
  placed(assembled(functions), names, Object.keys(functions));

const WRITES = { SSL_write: PLAIN, SSL_write_ex: EX, inner: INNER, error: ERROR };

test('behind both public functions the inner one is probed once', (t) => {
  t.same(run(WRITES, ['SSL_write', 'SSL_write_ex']), ['write_ex@inner']);
  const reads = { SSL_read: PLAIN, SSL_read_ex: EX, inner: INNER, error: ERROR };
  t.same(run(reads, ['SSL_read', 'SSL_read_ex']), ['read_ex@inner']);
  const flags = { SSL_write: PLAIN_FLAGS, SSL_write_ex: EX_FLAGS, inner: INNER };
  t.same(run(flags, ['SSL_write', 'SSL_write_ex']), ['write_flags_ex@inner']);
  t.end();
});

test('the inner function may be marked for indirect branches', (t) => {
  const marked = { ...WRITES, inner: `f30f1efa ${INNER}` };
  t.same(run(marked, ['SSL_write', 'SSL_write_ex']), ['write_ex@inner+4']);
  t.end();
});

test('other sites stay, each at its own best place', (t) => {
  const more = { ...WRITES, SSL_read: '55 5d c3', SSL_free: '4885ff 7400 c3' };
  t.same(run(more, ['SSL_write', 'SSL_write_ex', 'SSL_read', 'SSL_free']), [
    'free@SSL_free+3',
    'read@SSL_read',
    'write_ex@inner',
  ]);
  t.end();
});

test('without proof for both, the public functions stay', (t) => {
  const outer = ['write@SSL_write', 'write_ex@SSL_write_ex'];
  const names: Names = ['SSL_write', 'SSL_write_ex'];
  t.same(run({ ...WRITES, SSL_write: '4883ec18 c3' }, names), outer);
  t.same(run({ ...WRITES, SSL_write_ex: '4883ec18 c3' }, names), outer);
  t.same(
    run({ ...WRITES, SSL_write_ex: '4883ec08 call:error 4883c408 c3' }, names),
    outer,
    'another function',
  );
  t.same(
    run({ ...WRITES, SSL_write_ex: EX_FLAGS }, names),
    outer,
    'one has flags and the other not',
  );
  t.same(run({ ...WRITES, inner: '4883ec18 c3' }, names), outer, 'a probe there is no cheaper');
  t.same(run(WRITES, ['SSL_write']), ['write@SSL_write'], 'only one of the two is known');
  t.same(
    run({ SSL_read: PLAIN_FLAGS, SSL_read_ex: EX_FLAGS, inner: INNER }, [
      'SSL_read',
      'SSL_read_ex',
    ]),
    ['read@SSL_read', 'read_ex@SSL_read_ex'],
    'no read has flags',
  );
  t.end();
});

test('public functions at which a probe is cheap are left alone', (t) => {
  const cheap = {
    SSL_write: `55 5d ${PLAIN}`,
    SSL_write_ex: `55 5d ${EX}`,
    inner: INNER,
    error: ERROR,
  };
  t.same(run(cheap, ['SSL_write', 'SSL_write_ex']), ['write@SSL_write', 'write_ex@SSL_write_ex']);
  t.end();
});

test('early data goes through the inner function too, unless it calls the protocol itself', (t) => {
  const names: Names = ['SSL_write', 'SSL_write_ex', 'SSL_write_early_data'];
  const through = { ...WRITES, SSL_write_early_data: '4883ec18 call:SSL_write_ex 4883c418 c3' };
  t.same(run(through, names), ['write_ex@inner']);
  const all = ['write@SSL_write', 'write_ex@SSL_write_early_data', 'write_ex@SSL_write_ex'];
  t.same(run({ ...through, SSL_write_early_data: '4883ec18 ff5048 4883c418 c3' }, names), all);
  t.same(run({ ...through, SSL_write_early_data: '4883ec18 06' }, names), all, 'it cannot be read');
  t.end();
});
