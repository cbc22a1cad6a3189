import t from 'tap';
import type { KernelEvent, Origin } from '../../../src/event/index.js';
import { Endings } from '../../../src/pipeline/endings.js';
import { baseOf } from '../../helpers/events.js';

const S = 1_000_000_000n;

/** Something that happened at a time; only its kind, ring and time matter here. */
const made = (kind: string, ring: Origin['ring'], bootNs: bigint): KernelEvent => {
  const base = baseOf({ tgid: Number(bootNs), startNs: 1n });
  return { ...base, kind, origin: { ...base.origin, ring, bootNs } } as unknown as KernelEvent;
};
const exit = (bootNs: bigint): KernelEvent => made('exit', 'lifecycle', bootNs);
const fork = (bootNs: bigint): KernelEvent => made('fork', 'lifecycle', bootNs);
const flow = (bootNs: bigint): KernelEvent => made('flow_open', 'network', bootNs);
const data = (bootNs: bigint): KernelEvent => made('tls_data', 'payload', bootNs);
const told = (events: readonly KernelEvent[]): string[] =>
  events.map(({ kind, origin }) => `${kind} ${origin.bootNs}`);

t.test('with empty rings behind a batch every end stands where it was', async (t) => {
  const endings = new Endings();
  const events = [fork(1n), exit(2n), data(3n)];
  t.same(told(endings.order(events, true)), told(events));
  t.match(endings.stats(), { waiting: 0, held: 0 });
});

t.test('an end waits for the plaintext from before it', async (t) => {
  const endings = new Endings();
  t.same(told(endings.order([data(1n), exit(5n), flow(6n), exit(8n)], false)), [
    'tls_data 1',
    'flow_open 6',
  ]);
  t.same(told(endings.order([data(2n), data(5n), fork(7n)], false)), [
    'tls_data 2',
    'tls_data 5',
    'fork 7',
  ]);
  t.same(told(endings.order([data(6n), data(7n)], false)), ['exit 5', 'tls_data 6', 'tls_data 7']);
  t.same(told(endings.order([data(9n)], false)), ['exit 8', 'tls_data 9']);
  t.match(endings.stats(), { waiting: 0, held: 2, hurried: 0 });
});

t.test('plaintext of the same batch that is later says enough', async (t) => {
  t.same(told(new Endings().order([exit(2n), data(3n)], false)), ['exit 2', 'tls_data 3']);
});

t.test('empty rings end the wait', async (t) => {
  const endings = new Endings();
  endings.order([exit(2n)], false);
  t.same(told(endings.order([data(1n), fork(3n)], true)), ['tls_data 1', 'fork 3', 'exit 2']);
});

t.test('nothing waits for ever', async (t) => {
  const endings = new Endings();
  endings.order([exit(2n), exit(S)], false);
  t.same(told(endings.tick(10n * S + 2n)), []);
  t.same(told(endings.tick(10n * S + 3n)), ['exit 2']);
  t.match(endings.stats(), { waiting: 1, hurried: 1 });
});

t.test('of very many the first goes on', async (t) => {
  const endings = new Endings();
  const many = Array.from({ length: 65_536 }, (_, i) => exit(BigInt(i + 1)));
  t.same(told(endings.order(many, false)), []);
  t.same(told(endings.order([exit(S)], false)), ['exit 1']);
  t.match(endings.stats(), { waiting: 65_536, hurried: 1 });
});
