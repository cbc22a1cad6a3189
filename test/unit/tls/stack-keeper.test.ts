import t from 'tap';
import type {
  AttachFact,
  Command,
  Origin,
  ProbeSite,
  ProcessKey,
  StacksFact,
  TlsDataEvent,
  TlsStack,
} from '../../../src/event/index.js';
import { type FlowShown, StackKeeper, type StackStep } from '../../../src/tls/index.js';
import { baseOf, originAt, newImage } from '../../helpers/events.js';

const SHELL: ProcessKey = { tgid: 100, startNs: 1n };
const CURL: ProcessKey = { tgid: 101, startNs: 2n };
const NODE: ProcessKey = { tgid: 102, startNs: 3n };

const write = (entry: number, returns: number[] = []): ProbeSite => ({
  call: 'write',
  entry,
  returns,
});
const stack = (inode: number, path = '/usr/lib/libssl.so.3'): TlsStack => ({
  file: { dev: 8n, inode: BigInt(inode) },
  path,
  library: 'openssl',
  by: 'symbols',
  sites: [write(4096)],
});
const LIBSSL = stack(1);
const NODE_FILE = stack(2, '/usr/bin/node');

const at = (ms: number): Origin => originAt(BigInt(ms) * 1_000_000n, BigInt(ms));
const ns = (ms: number): bigint => BigInt(ms) * 1_000_000n;
const found = (
  key: ProcessKey | null,
  stacks: readonly TlsStack[],
  more: Partial<StacksFact> = {},
): StacksFact => ({
  fact: 'stacks',
  key,
  gone: false,
  stacks,
  pending: false,
  unreadable: [],
  ...more,
});
const shown = (ms: number, named: boolean, pending = false): FlowShown => ({
  named,
  openedNs: ns(ms),
  pending,
});
const became = (
  file: TlsStack,
  state: AttachFact['state'],
  error?: string,
  ms = 0,
): AttachFact => ({
  fact: 'attach',
  file: file.file,
  library: file.library,
  state,
  bootNs: ns(ms),
  ...(error === undefined ? {} : { error }),
});

const plain = (
  key: ProcessKey,
  origin: Origin,
  text = 'GET / HTTP/1.1\r\n',
  more: Partial<TlsDataEvent> = {},
): TlsDataEvent => {
  const bytes = Buffer.from(text, 'latin1');
  const of = { original: bytes.length, kept: bytes.length, offset: 0, bytes };
  return {
    kind: 'tls_data',
    ...baseOf(key),
    origin,
    ...{ ssl: 7n, call: 1n, direction: 'write', layer: 'stream' },
    ...{ socketCookie: null, lastReceive: null, attachment: null },
    ...of,
    ...more,
  };
};
const unknown = () => null;

function sayCommand(command: Command): string {
  if (command.do === 'look_up_stacks') return `look ${command.key?.tgid ?? 'system'}`;
  if (command.do === 'detach') return `detach ${command.file.inode}`;
  if (command.do !== 'attach') return command.do;
  return `attach ${command.stack.file.inode} ${command.through?.tgid ?? 'path'}`;
}
const say = ({ commands, coverage }: StackStep): string[] => [
  ...commands.map(sayCommand),
  ...coverage.map(
    ({ key, coverage: c, number }) => `${key.tgid} ${c.state} ${c.reason} #${number}`,
  ),
];

/** A keeper in which libssl is attached and a shell without a stack lives. */
function ready(): StackKeeper {
  const keeper = new StackKeeper();
  keeper.execed(SHELL, at(0), newImage());
  keeper.fact(found(null, [LIBSSL]));
  keeper.fact(became(LIBSSL, 'attached'));
  keeper.fact(found(SHELL, []));
  return keeper;
}

t.test(
  'the first live agent asks for the system libraries, so that the next process is read whole',
  (t) => {
    const keeper = new StackKeeper();
    t.same(say(keeper.execed(SHELL, at(0), newImage())), ['look system', 'look 100']);
    t.same(say(keeper.fact(found(null, [LIBSSL]))), ['attach 1 path']);
    t.same(say(keeper.fact(became(LIBSSL, 'attached'))), []);
    t.same(say(keeper.fact(found(SHELL, []))), [], 'a shell has no stack, which is no news');
    t.same(say(keeper.forked(SHELL, CURL, at(10))), []);
    t.same(say(keeper.execed(CURL, at(11), newImage())), ['look 101']);
    t.same(say(keeper.fact(found(CURL, []))), [], 'its loader has mapped nothing yet');
    t.same(
      say(keeper.flow(CURL, at(20), shown(20, false))),
      ['look 101'],
      'looked again when it connects',
    );
    t.same(say(keeper.fact(found(CURL, [LIBSSL]))), ['101 plaintext attached #1']);
    t.same(say(keeper.flow(CURL, at(30), shown(30, false))), [], 'known now');
    t.match(keeper.coverageOf(CURL), { state: 'plaintext', library: 'openssl' });
    t.match(keeper.stats(), { processes: 2, attached: 1, lookups: 3 });
    t.end();
  },
);

t.test('a process that ends before it could be looked at is known by its plaintext', (t) => {
  const keeper = ready();
  keeper.forked(SHELL, CURL, at(10));
  keeper.execed(CURL, at(11), newImage());
  keeper.flow(CURL, at(20), shown(20, false));
  keeper.hello(CURL, at(21), true);
  t.same(say(keeper.plaintext(plain(CURL, at(22)), unknown)), ['101 plaintext attached #1']);
  t.same(say(keeper.plaintext(plain(CURL, at(23)), unknown)), [], 'said once');
  t.same(say(keeper.ended(CURL, at(24))), []);
  t.same(say(keeper.fact(found(CURL, [], { gone: true }))), []);
  t.same(say(keeper.tick(ns(3000))), []);
  t.equal(keeper.stats().processes, 1, 'forgotten');
  t.end();
});

t.test(
  'plaintext that comes after the end of its process still counts; silence is said then',
  (t) => {
    const keeper = ready();
    for (const key of [CURL, NODE]) {
      keeper.forked(SHELL, key, at(10));
      keeper.execed(key, at(11), newImage());
      keeper.hello(key, at(21), key === NODE);
      keeper.ended(key, at(24));
    }
    t.same(say(keeper.plaintext(plain(CURL, at(24)), unknown)), ['101 plaintext attached #1']);
    t.same(say(keeper.tick(ns(2000))), []);
    t.same(say(keeper.tick(ns(2600))), ['102 metadata no_known_stack #1']);
    t.equal(keeper.coverageOf(NODE), null);
    t.end();
  },
);

t.test(
  'a ClientHello without a stack that can be read is metadata, or blind without a name',
  (t) => {
    const keeper = ready();
    keeper.execed(CURL, at(10), newImage());
    keeper.fact(found(CURL, []));
    t.same(say(keeper.hello(CURL, at(20), false)), ['look 101'], 'looked at before it is judged');
    t.same(say(keeper.fact(found(CURL, []))), ['101 blind no_known_stack #1']);
    t.same(say(keeper.hello(CURL, at(30), true)), ['look 101']);
    t.same(say(keeper.fact(found(CURL, []))), ['101 metadata no_known_stack #2']);
    keeper.hello(CURL, at(40), true);
    const unreadable = [{ path: '/opt/app/agent', reason: 'no_symbols' }];
    t.same(say(keeper.fact(found(CURL, [], { unreadable }))), [
      '101 metadata unreadable: /opt/app/agent: no_symbols #3',
    ]);
    t.end();
  },
);

t.test('a stack that could be read only after the process had talked is recognised late', (t) => {
  const keeper = ready();
  keeper.execed(NODE, at(10), newImage());
  keeper.flow(NODE, at(11), shown(11, true));
  t.same(say(keeper.fact(found(NODE, [NODE_FILE]))), ['attach 2 102', 'look 102']);
  t.same(say(keeper.fact(became(NODE_FILE, 'attached', undefined, 12))), [
    '102 plaintext recognised_late #1',
  ]);
  const other = ready();
  t.same(say(other.started(NODE, at(10))), ['look 102']);
  t.same(
    say(other.fact(found(NODE, [LIBSSL]))),
    ['102 plaintext recognised_late #1'],
    'it ran before',
  );
  const early = ready();
  early.execed(NODE, at(10), newImage());
  early.fact(found(NODE, [NODE_FILE]));
  t.same(say(early.fact(became(NODE_FILE, 'attached'))), ['102 plaintext attached #1']);
  early.flow(NODE, at(20), shown(20, true));
  t.match(early.coverageOf(NODE), { reason: 'attached' }, 'attached before it connected');
  const raced = ready();
  raced.execed(NODE, at(10), newImage());
  raced.fact(found(NODE, [NODE_FILE]));
  raced.fact(became(NODE_FILE, 'attached', undefined, 30));
  t.same(
    say(raced.flow(NODE, at(20), shown(20, true))),
    ['102 plaintext recognised_late #2'],
    'what is told later happened before',
  );
  const pending = ready();
  pending.execed(CURL, at(10), newImage());
  pending.fact(found(CURL, [LIBSSL]));
  pending.flow(CURL, at(20), shown(20, true, true));
  t.match(pending.coverageOf(CURL), { reason: 'recognised_late' }, 'it had no verdict yet');
  t.end();
});

t.test(
  'an attachment that fails says why, is tried through the next process, and not for ever',
  (t) => {
    const keeper = ready();
    keeper.execed(NODE, at(10), newImage());
    keeper.fact(found(NODE, [NODE_FILE]));
    t.same(say(keeper.fact(became(NODE_FILE, 'failed', 'ENOENT'))), [
      '102 blind attach_failed: ENOENT #1',
    ]);
    t.equal(keeper.stats().failed, 1);
    keeper.execed(CURL, at(20), newImage());
    t.same(say(keeper.fact(found(CURL, [NODE_FILE]))), ['attach 2 101']);
    t.same(say(keeper.fact(became(NODE_FILE, 'attached'))), [
      '102 plaintext attached #2',
      '101 plaintext attached #1',
    ]);
    const hopeless = ready();
    let attached = 0;
    for (let i = 0; i < 50; i += 1) {
      hopeless.execed(NODE, at(10_000 * i), newImage());
      attached += hopeless.fact(found(NODE, [NODE_FILE])).commands.length;
      hopeless.fact(became(NODE_FILE, 'failed'));
    }
    t.equal(attached, 8);
    t.end();
  },
);

t.test('a fork says nothing until it talks; an exec forgets what the old program mapped', (t) => {
  const keeper = ready();
  keeper.execed(NODE, at(10), newImage());
  keeper.fact(found(NODE, [LIBSSL]));
  t.same(say(keeper.forked(NODE, CURL, at(20))), []);
  t.equal(keeper.coverageOf(CURL), null);
  t.same(
    say(keeper.flow(CURL, at(21), shown(21, false))),
    ['101 plaintext attached #1'],
    'a forked worker',
  );
  t.same(say(keeper.execed(CURL, at(30), newImage())), ['look 101']);
  t.equal(keeper.coverageOf(CURL), null);
  keeper.fact(found(CURL, []));
  keeper.hello(CURL, at(31), true);
  t.same(say(keeper.fact(found(CURL, []))), ['101 metadata no_known_stack #2']);
  const early = ready();
  early.execed(NODE, at(10), newImage());
  early.fact(found(NODE, [NODE_FILE]));
  early.forked(NODE, CURL, at(11));
  t.same(
    say(early.fact(became(NODE_FILE, 'attached'))),
    ['102 plaintext attached #1'],
    'nor when what it shares with its parent is attached',
  );
  t.end();
});

t.test('a library opened late is found by looking again, ever more slowly', (t) => {
  const keeper = ready();
  const looks: number[] = [];
  for (let ms = 500; ms <= 240_000; ms += 500) {
    if (say(keeper.tick(ns(ms))).includes('look 100')) looks.push(ms);
    keeper.fact(found(SHELL, []));
  }
  t.same(
    looks.slice(0, 12),
    Array.from({ length: 12 }, (_, i) => 5000 * (i + 1)),
  );
  t.same(looks.slice(12), [120_000, 180_000, 240_000]);
  keeper.tick(ns(300_000));
  t.same(say(keeper.fact(found(SHELL, [LIBSSL]))), ['100 plaintext attached #1']);
  t.same(say(keeper.tick(ns(900_000))), ['look 100'], 'it may open another');
  t.end();
});

t.test('however many are due, few are looked at at once, and everybody is in turn', (t) => {
  const keeper = ready();
  const PROCESSES = 150;
  for (let pid = 1000; pid < 1000 + PROCESSES; pid += 1) {
    const key = { tgid: pid, startNs: 1n };
    keeper.forked(SHELL, key, at(10));
  }
  const seen = new Set<string>();
  for (let ms = 5500; ms <= 7500; ms += 500) {
    const looks = say(keeper.tick(ns(ms))).filter((line) => line.startsWith('look'));
    t.ok(looks.length <= 64, `${looks.length} at ${ms} ms`);
    looks.forEach((look) => seen.add(look));
  }
  t.equal(seen.size, PROCESSES + 1, 'with the shell');
  t.end();
});

t.test('of more than can be looked at nobody is left out', (t) => {
  const keeper = ready();
  const PROCESSES = 10_000;
  for (let pid = 1000; pid < 1000 + PROCESSES; pid += 1) {
    keeper.forked(SHELL, { tgid: pid, startNs: 1n }, at(10));
  }
  const looked = new Set<string>();
  for (let ms = 5500; ms <= 120_000; ms += 500) {
    for (const line of say(keeper.tick(ns(ms)))) {
      looked.add(line);
      const tgid = Number(/^look (\d+)$/.exec(line)?.[1] ?? 0);
      if (tgid !== 0) keeper.fact(found(tgid === 100 ? SHELL : { tgid, startNs: 1n }, []));
    }
  }
  t.equal(looked.size, PROCESSES + 1);
  t.end();
});

t.test('who is read through one stack is looked at again with each ClientHello', (t) => {
  const keeper = ready();
  keeper.execed(CURL, at(10), newImage());
  keeper.fact(found(CURL, [LIBSSL]));
  keeper.fact(became(LIBSSL, 'attached'));
  keeper.plaintext(plain(CURL, at(20)), unknown);
  t.same(say(keeper.hello(CURL, at(30), true)), ['look 101']);
  t.end();
});

t.test('look-ups are rationed for each process', (t) => {
  const keeper = ready();
  let looks = 0;
  for (let i = 0; i < 1000; i += 1) {
    looks += keeper.flow(SHELL, at(10), shown(10, false)).commands.length;
    keeper.fact(found(SHELL, []));
  }
  t.equal(looks, 7, 'eight at once, one was used when it started');
  t.equal(keeper.stats().lookupsRefused, 993);
  t.same(say(keeper.flow(SHELL, at(1001), shown(1001, false))), ['look 100'], 'and one a second');
  t.same(say(keeper.flow(SHELL, at(1002), shown(1002, false))), [], 'one at a time');
  t.end();
});

t.test(
  'what no live process can use for 5 s is detached, and attached again when it is wanted',
  (t) => {
    const keeper = ready();
    keeper.execed(NODE, at(10), newImage());
    keeper.fact(found(NODE, [NODE_FILE]));
    keeper.fact(became(NODE_FILE, 'attached'));
    keeper.ended(NODE, at(1000));
    t.same(say(keeper.tick(ns(1500))), []);
    t.same(say(keeper.tick(ns(6000))), ['look 100'], 'a second scan of the shell');
    t.same(
      say(keeper.tick(ns(6500))),
      ['detach 2'],
      'the system library stays while the shell lives',
    );
    keeper.execed(CURL, at(6600), newImage());
    t.same(say(keeper.fact(found(CURL, [NODE_FILE]))), [], 'still detaching');
    t.same(say(keeper.fact(became(NODE_FILE, 'detached'))), ['attach 2 101']);
    keeper.fact(became(NODE_FILE, 'attached'));
    keeper.ended(CURL, at(7000));
    keeper.ended(SHELL, at(7000));
    t.same(say(keeper.tick(ns(8000))), []);
    t.same(
      say(keeper.tick(ns(13_000))),
      ['detach 1', 'detach 2'],
      'with the last agent everything',
    );
    keeper.fact(became(LIBSSL, 'detached'));
    keeper.fact(became(NODE_FILE, 'detached'));
    t.match(keeper.stats(), { processes: 0, attached: 0, failed: 0 });
    t.same(say(keeper.execed(SHELL, at(20_000), newImage())), ['look system', 'look 100']);
    t.same(say(keeper.fact(found(null, [LIBSSL]))), ['attach 1 path']);
    t.end();
  },
);

t.test(
  'a library that was written over in place gets its probes where its functions are now',
  (t) => {
    const keeper = ready();
    keeper.execed(CURL, at(10), newImage());
    const same = { ...LIBSSL, sites: [write(4096)] };
    t.same(say(keeper.fact(found(CURL, [same]))), ['101 plaintext attached #1'], 'nothing is new');
    const other = { ...LIBSSL, sites: [write(8192)] };
    keeper.execed(NODE, at(20), newImage());
    const step = keeper.fact(found(NODE, [other]));
    t.same(say(step), ['attach 1 102'], 'in the place of those it has: the kernel has them once');
    t.match(step.commands, [{ do: 'attach', stack: { sites: [{ entry: 8192 }] } }]);
    const settled = keeper.fact(became(other, 'attached', undefined, 25));
    t.same(say(settled), ['102 plaintext attached #1']);
    t.match(keeper.stats(), { attached: 1, failed: 0 });
    keeper.ended(NODE, at(40));
    keeper.ended(CURL, at(40));
    keeper.ended(SHELL, at(40));
    keeper.tick(ns(1000));
    t.same(say(keeper.tick(ns(7000))), ['detach 1'], 'who used it before still counts');
    t.end();
  },
);

t.test('what it does not know changes nothing', (t) => {
  const keeper = new StackKeeper();
  for (const step of [
    keeper.flow(CURL, at(1), shown(1, true)),
    keeper.hello(CURL, at(1), true),
    keeper.plaintext(plain(CURL, at(1)), unknown),
    keeper.ended(CURL, at(1)),
    keeper.fact(found(CURL, [LIBSSL])),
    keeper.fact(became(LIBSSL, 'attached')),
    keeper.tick(ns(60_000)),
  ]) {
    t.same(say(step), []);
  }
  keeper.execed(CURL, at(1), newImage());
  const again = ready();
  t.same(say(again.ended(CURL, at(1))), []);
  t.same(say(again.ended(SHELL, at(1))), []);
  t.same(say(again.ended(SHELL, at(2))), [], 'an end that comes twice');
  t.same(say(keeper.started(CURL, at(2))), []);
  t.same(say(keeper.forked(SHELL, CURL, at(2))), []);
  t.end();
});

t.test('processes and files are bounded', (t) => {
  const keeper = new StackKeeper();
  const key = (tgid: number): ProcessKey => ({ tgid, startNs: 1n });
  for (let i = 0; i <= 32_768; i += 1) keeper.started(key(i), at(1));
  t.match(keeper.stats(), { processes: 32_768, evicted: 1 });
  const many = Array.from({ length: 1100 }, (_, i) => stack(i));
  let attached = 0;
  for (let i = 0; i < many.length; i += 100) {
    attached += keeper.fact(found(key(5 + i), many.slice(i, i + 100))).commands.length;
  }
  t.equal(attached, 1024);
  t.equal(keeper.stats().filesRefused, 76);
  t.end();
});

t.test('a program that is known is looked at only when it lives on', async (t) => {
  const keeper = new StackKeeper();
  const node = newImage(NODE_FILE.file.inode);
  const shell = newImage();
  keeper.execed(SHELL, at(0), shell);
  keeper.fact(found(SHELL, []));
  keeper.execed(NODE, at(10), node);
  keeper.fact(found(NODE, [NODE_FILE, LIBSSL]));
  const later: ProcessKey = { tgid: 200, startNs: 9n };
  t.same(say(keeper.execed(later, at(20), node)), []);
  keeper.fact(became(NODE_FILE, 'attached', undefined, 21));
  t.ok(keeper.isReadable(later, ns(30)), 'what it holds itself is known');
  const brief: ProcessKey = { tgid: 201, startNs: 9n };
  keeper.execed(brief, at(30), shell);
  keeper.ended(brief, at(31));
  const lasting: ProcessKey = { tgid: 202, startNs: 9n };
  t.same(say(keeper.execed(lasting, at(40), shell)), []);
  t.same(say(keeper.tick(ns(64))), ['look 200'], 'not before its libraries are mapped');
  t.same(say(keeper.tick(ns(65))), ['look 202']);
  t.same(say(keeper.execed(CURL, at(70), { ...shell, changedNs: 1n })), ['look 101'], 'a new one');
});

t.test('what was asked about one program is not believed of the next', async (t) => {
  const keeper = new StackKeeper();
  const [first, second] = [newImage(), newImage(NODE_FILE.file.inode)];
  keeper.execed(NODE, at(0), first);
  keeper.execed(NODE, at(1), second);
  keeper.fact(found(NODE, []));
  t.same(say(keeper.execed(CURL, at(2), second)), ['look 101'], 'nothing is known of the second');
});

t.test('what a process was read through says what it has before it was looked at', (t) => {
  const gnutls: TlsStack = { ...stack(3, '/lib/libgnutls.so.30'), library: 'gnutls' };
  const keeper = new StackKeeper();
  keeper.execed(CURL, at(0), newImage());
  keeper.fact(found(null, [gnutls, LIBSSL]));
  keeper.fact({ ...became(gnutls, 'attached'), attachment: 1 });
  keeper.fact({ ...became(LIBSSL, 'attached'), attachment: 2 });
  const { coverage } = keeper.plaintext(plain(CURL, at(10), 'GET /', { attachment: 2 }), unknown);
  t.match(coverage, [{ coverage: { library: 'openssl', path: LIBSSL.path, state: 'plaintext' } }]);
  t.match(keeper.shown(CURL, null), { library: 'openssl', coverage: 'plaintext' });
  t.same(keeper.shown(NODE, null), {}, 'nothing is known of that');
  t.end();
});

t.test('what was mapped while a look-up was under way is looked for, and not denied', async (t) => {
  const keeper = ready();
  keeper.execed(NODE, at(10), newImage());
  keeper.fact(found(NODE, [], { pending: true }));
  t.same(say(keeper.hello(NODE, at(20), true)), [], 'one question at a time');
  t.same(say(keeper.fact(found(NODE, []))), ['look 102'], 'and no word of what it has not');
  const other = stack(9, '/opt/libssl.so.3');
  t.same(say(keeper.fact(found(NODE, [other]))), ['attach 9 102']);
  t.match(say(keeper.fact(became(other, 'attached', undefined, 30))), [/^102 plaintext/]);
});
