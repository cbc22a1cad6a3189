import t from 'tap';
import type {
  Command,
  FileAnswer,
  ProbesAnswer,
  ProcessKey,
  TlsStack,
} from '../../../src/event/index.js';
import { StackKeeper } from '../../../src/tls/index.js';
import { originAt, newImage } from '../../helpers/events.js';

const S = 1_000_000_000n;
const key: ProcessKey = { tgid: 100, startNs: 5n };
const stack: TlsStack = {
  ...{ file: { dev: 8n, inode: 1n }, path: '/lib/libssl.so.3', library: 'openssl', by: 'symbols' },
  sites: [{ call: 'write', entry: 0x10, returns: [] }],
};
const { file, library } = stack;
const of = <D extends Command['do']>(commands: readonly Command[], what: D) =>
  commands.filter((one): one is Command & { do: D } => one.do === what);

/** A keeper of one process that speaks TLS over a stack with probes. */
const scene = () => {
  const keeper = new StackKeeper();
  keeper.execed(key, originAt(S), newImage());
  const settle = (state: 'attached' | 'detached', bootNs: bigint) =>
    keeper.fact({ fact: 'attach', file, library, state, bootNs });
  const mapped = (one = stack) =>
    keeper.fact({
      ...{ fact: 'stacks', key, gone: false, stacks: [one], pending: false, unreadable: [] },
    });
  mapped();
  settle('attached', S);
  keeper.hello(key, originAt(2n * S), true);
  mapped();
  const { guarded } = keeper;
  const probes = (nowNs: bigint, state: ProbesAnswer['state']) => {
    guarded.tick(nowNs);
    const altered = state === 'altered' ? [{ offset: 0x10, flaw: 'restored' as const }] : [];
    const answer = { key, file, library, state, checked: 1, altered };
    return guarded.fact({ fact: 'probes', answers: [answer] });
  };
  const files = (state: FileAnswer['state']) =>
    guarded.fact({ fact: 'files', answers: [{ file, state }] });
  return { keeper, guarded, settle, mapped, probes, files };
};

t.test('a process without its probes is not readable until they are back', (t) => {
  const { keeper, probes } = scene();
  t.match(keeper.coverageOf(key), { state: 'plaintext', reason: 'attached' });
  t.equal(keeper.isReadable(key, 3n * S), true);
  t.same(probes(10n * S, 'altered').tampered, []);
  const step = probes(11n * S, 'altered');
  t.match(step.tampered, [{ key, path: stack.path, altered: [{ offset: 0x10 }] }]);
  t.match(step.coverage, [{ key, coverage: { state: 'metadata', reason: 'tampered' } }]);
  t.equal(keeper.isReadable(key, 3n * S), false, 'what it says is not explained by probes');
  t.match(probes(14n * S, 'whole').coverage, [{ coverage: { reason: 'attached' } }]);
  t.equal(keeper.isReadable(key, 3n * S), true);
  t.end();
});

t.test('what runs next in the process has not tampered with anything', (t) => {
  const { keeper, probes, mapped } = scene();
  probes(10n * S, 'altered');
  probes(11n * S, 'altered');
  keeper.execed(key, originAt(12n * S), newImage());
  mapped();
  keeper.hello(key, originAt(13n * S), true);
  t.match(keeper.coverageOf(key), { state: 'plaintext' });
  t.end();
});

t.test('a file written over loses its probes at once and gets those of its new code', (t) => {
  const { guarded, settle, mapped, files, keeper } = scene();
  guarded.tick(10n * S);
  const { commands } = files('rewritten');
  t.same(commands, [
    { do: 'detach', file, library },
    { do: 'look_up_stacks', key },
    { do: 'look_up_stacks', key: null },
  ]);
  t.same(settle('detached', 10n * S).commands, [], 'not before it is known what stands there');
  t.match(of(mapped().commands, 'attach'), [{ stack, through: key }], 'at the same offsets too');
  settle('attached', 11n * S);
  t.same(of(guarded.tick(20n * S).commands, 'look_up_stacks'), []);
  t.equal(keeper.isReadable(key, 11n * S), true);
  t.end();
});

t.test('what is written over is asked for again when nothing came, but not for ever', (t) => {
  const { guarded, settle, files } = scene();
  guarded.tick(10n * S);
  files('rewritten');
  settle('detached', 10n * S);
  let asked = 0;
  for (let s = 11n; s < 60n; s += 1n) {
    asked += of(guarded.tick(s * S).commands, 'look_up_stacks').length;
  }
  t.ok(asked >= 7 && asked <= 16, String(asked));
  t.end();
});

t.test("another file under a system library's name is looked up", (t) => {
  const { guarded, files } = scene();
  guarded.tick(10n * S);
  t.same(files('replaced').commands, [{ do: 'look_up_stacks', key: null }]);
  t.end();
});

t.test('a stack that is called too often has no probes for a while', (t) => {
  const { keeper, guarded, settle } = scene();
  let calls = 0;
  const steps = Array.from({ length: 12 }, (_, i) => {
    const bootNs = BigInt(10 + i) * S;
    guarded.tick(bootNs);
    return guarded.fact({
      fact: 'hits',
      bootNs,
      hits: [{ file, library, calls: (calls += 200_000) }],
    });
  });
  t.same(
    steps.flatMap(({ commands }) => commands),
    [{ do: 'detach', file, library }],
  );
  t.match(
    steps.flatMap(({ reduced }) => reduced),
    [{ stack, users: [key], callsASecond: 200_000 }],
  );
  t.same(settle('detached', 22n * S).commands, []);
  t.match(keeper.coverageOf(key), { state: 'metadata', reason: 'reduced' });
  t.same(of(guarded.tick(40n * S).commands, 'attach'), []);
  t.match(of(guarded.tick(51n * S).commands, 'attach'), [{ stack, through: key }]);
  settle('attached', 51n * S);
  t.match(keeper.coverageOf(key), { state: 'plaintext' });
  t.match(guarded.stats(), { hits: { reduced: 1, held: 0 } });
  t.end();
});
