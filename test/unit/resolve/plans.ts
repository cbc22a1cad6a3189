import type { FunctionPlan, ProgramPlan, Step } from '../elf/build-program.js';

export const PATH = '../vendor/boringssl/ssl/ssl_lib.cc';

const frame: Step = { step: 'frame' };
const end: Step = { step: 'return' };
const raise = (reason: number, line: number): Step => ({ step: 'raise', path: PATH, reason, line });
const call = (name: string): Step => ({ step: 'call', name });
const fill = (bytes: number): Step => ({ step: 'fill', bytes });

export const fn = (name: string, ...does: readonly Step[]): FunctionPlan => ({
  name,
  does: [frame, ...does, fill(48), end],
});

/** Like BoringSSL of 2026: who reports what, and who calls whom. */
export const BORING_FUNCTIONS: readonly FunctionPlan[] = [
  fn('main', call('SSL_do_handshake'), call('SSL_read'), call('SSL_peek'), call('SSL_write')),
  fn('SSL_do_handshake', raise(66, 700), fill(64), raise(150, 705), fill(64), raise(299, 712)),
  fn(
    'ssl_read_impl',
    raise(226, 839),
    fill(64),
    raise(215, 872),
    fill(64),
    call('SSL_do_handshake'),
  ),
  fn('SSL_read', raise(66, 933), fill(64), call('ssl_read_impl'), fill(64)),
  fn('SSL_peek', raise(66, 933), fill(64), call('ssl_read_impl')),
  fn(
    'SSL_write',
    ...[raise(66, 955), fill(64), raise(226, 960), fill(64), raise(215, 975), fill(64)],
    ...[raise(111, 981), call('SSL_do_handshake')],
  ),
  fn('SSL_shutdown', raise(226, 1023), fill(64), raise(291, 1071), call('ssl_read_impl')),
  fn('close', call('SSL_shutdown')),
];

export const BORINGSSL: ProgramPlan = { functions: BORING_FUNCTIONS };

/** OpenSSL 3, with its inner functions in one place. */
export const openSsl = (version: string): ProgramPlan => ({
  texts: [version, 'OpenSSL 3.0 legacy provider', 'not_ssl_read_internal'],
  functions: [
    fn('main', call('SSL_write'), call('SSL_read'), call('SSL_write_ex'), call('SSL_read_ex')),
    fn('ssl_write_internal', { step: 'load', text: 'ssl_write_internal' }),
    fn('SSL_write', { step: 'load', text: 'SSL_write' }, call('ssl_write_internal')),
    fn('SSL_write_ex', call('ssl_write_internal')),
    fn('ssl_read_internal', { step: 'load', text: 'ssl_read_internal' }),
    fn('SSL_read', { step: 'load', text: 'SSL_read' }, call('ssl_read_internal')),
    fn('SSL_read_ex', call('ssl_read_internal')),
  ],
});

/** The same, with the inner functions compiled into each of their callers, as Node's build does. */
export const inlinedOpenSsl = (version: string): ProgramPlan => {
  const loads = (...texts: readonly string[]): Step[] =>
    texts.map((text) => ({ step: 'load', text }));
  return {
    texts: [version],
    functions: [
      fn('main', ...['SSL_write', 'SSL_read', 'SSL_write_ex', 'SSL_read_ex'].map(call)),
      fn('inner', call('ssl_write_internal'), call('ssl_read_internal')),
      fn('ssl_write_internal', ...loads('ssl_write_internal')),
      fn('SSL_write', ...loads('SSL_write', 'ssl_write_internal')),
      fn('SSL_write_ex', ...loads('ssl_write_internal')),
      fn('ssl_read_internal', ...loads('ssl_read_internal')),
      fn('SSL_read', ...loads('SSL_read', 'ssl_read_internal')),
      fn('SSL_read_ex', ...loads('ssl_read_internal')),
    ],
  };
};
