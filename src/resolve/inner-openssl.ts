import { decode } from '../elf/index.js';
import type { ProbeSite, TlsCall } from '../event/index.js';
import type { Code } from './code.js';
import { passThrough, type CountGoes, type PassThrough } from './pass-through.js';
import { isCheap, place } from './placement.js';

/** By call: the public functions, and those behind them by how they take their arguments. */
interface Direction {
  readonly plain: 'write' | 'read';
  readonly ex: 'write_ex' | 'read_ex';
  readonly flags: TlsCall | null;
}

const DIRECTIONS: readonly Direction[] = [
  { plain: 'write', ex: 'write_ex', flags: 'write_flags_ex' },
  { plain: 'read', ex: 'read_ex', flags: null },
];

const FUNCTION_MAX = 64 * 1024;

/**
 * Sites of OpenSSL's public functions, each at the best place for a probe. Where SSL_write and SSL_write_ex are proven to hand
 * all they are given to one function (OpenSSL's ssl_write_internal(ssl, buffer, length, size_t *written), since 3.3 with
 * flags before the last; ssl_read_internal), and a probe there is cheaper, that function takes the place of all of a
 * direction: it sees every call of them once. Where there is no proof, the public functions stay.
 */
export function placeOpenSsl(code: Code, sites: readonly ProbeSite[]): ProbeSite[] {
  let placed = [...sites];
  for (const direction of DIRECTIONS) placed = behind(code, placed, direction) ?? placed;
  return placed.map((site) => place(code, site));
}

/** null: the sites of this direction are to stay. */
function behind(code: Code, sites: readonly ProbeSite[], of: Direction): ProbeSite[] | null {
  const plain = sites.filter(({ call }) => call === of.plain);
  const [ex, ...more] = sites.filter(({ call }) => call === of.ex);
  const [first] = plain;
  if (first === undefined || plain.length > 1 || ex === undefined) return null;
  if (isCheap(code, first) && isCheap(code, ex)) return null;
  const inner = innerOf(code, first, ex, of);
  if (inner === null || !isCheap(code, inner)) return null;
  if (!more.every((site) => leavesToOthers(code, site))) return null;
  return [...sites.filter(({ call }) => call !== of.plain && call !== of.ex), inner];
}

/** Both lead to it, and give it a place for the count: one its own, the other its caller's. */
function innerOf(code: Code, plain: ProbeSite, ex: ProbeSite, of: Direction): ProbeSite | null {
  const ofPlain = passed(code, plain, 'to_own');
  const ofEx = ofPlain && passed(code, ex, 'to_caller');
  if (ofPlain === null || ofEx?.inner !== ofPlain.inner) return null;
  const { inner, hasFlags } = ofPlain;
  const call = hasFlags ? of.flags : of.ex;
  const entry = code.functionAt(inner)?.start === inner ? code.offsetOf(inner) : null;
  if (call === null || entry === null || ofEx.hasFlags !== hasFlags) return null;
  return { call, entry, returns: [] };
}

function passed(code: Code, site: ProbeSite, count: CountGoes): PassThrough | null {
  const address = code.addressOf(site.entry);
  return address === null ? null : passThrough(code, address, count);
}

/**
 * SSL_write_early_data goes through SSL_write_ex, or what that goes through, in every version that has it (1.1.1 to 3.5),
 * unless the compiler has put the inner function into it, which calls the protocol's method by a pointer.
 */
function leavesToOthers(code: Code, site: ProbeSite): boolean {
  const address = code.addressOf(site.entry);
  if (address === null) return false;
  const range = code.functionAt(address);
  const length = range?.start === address ? range.end - range.start : FUNCTION_MAX + 1;
  const bytes = length > FUNCTION_MAX ? null : code.bytes(address, length);
  if (bytes === null) return false;
  for (let at = 0; at < length;) {
    const one = decode(bytes, at, address + at);
    if (one === null || (one.kind === 'call' && one.target === null)) return false;
    at += one.length;
  }
  return true;
}
