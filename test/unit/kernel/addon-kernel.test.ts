import t from 'tap';
import { WfVerdict } from '../../../src/decode/layout.gen.js';
import type { KernelBatch, ProbeSite, ProcessKey, TlsStack } from '../../../src/event/index.js';
import {
  AddonKernel,
  type KernelOptions,
  MAX_ATTACHED_FILES,
  VERDICTS,
} from '../../../src/kernel/addon-kernel.js';
import { KernelError, refusing, remedyFor } from '../../../src/kernel/kernel-error.js';
import { type Addon, loadAddon } from '../../../src/kernel/load-addon.js';
import { posix } from '../../../src/kernel/posix.js';

const refusal = (code: string, errno: number, operation: string): Error =>
  Object.assign(new Error(`${operation}: refused (${code})`), { code, errno, operation });

const batch = (text: string): KernelBatch => ({
  bytes: Buffer.from(text),
  drained: true,
  counters: Buffer.alloc(0),
});

interface Fake {
  readonly calls: unknown[][];
  readonly log: string[];
  readonly waiting: KernelBatch[];
  /** Thrown by the call of that name. */
  readonly refuse: Map<string, Error>;
  wireVersion: number;
  programs: unknown[];
  pinning: { state: string };
  adopted: unknown;
}

/** An addon that writes down what it is asked; the argument of `start` is left out of it. */
function fakeAddon(): { fake: Fake; addon: Addon } {
  const fake: Fake = {
    calls: [],
    log: [],
    waiting: [],
    refuse: new Map(),
    wireVersion: 1,
    programs: [],
    pinning: { state: 'off' },
    adopted: null,
  };
  let nextId = 1;
  const answers: Record<string, () => unknown> = {
    programs: () => fake.programs,
    takeLog: () => fake.log.splice(0),
    seeds: () => Buffer.from('seeds'),
    pinning: () => fake.pinning,
    adopted: () => fake.adopted,
    attachTls: () => nextId++,
    drain: () => fake.waiting.shift() ?? null,
    counters: () => Buffer.from('counters'),
  };
  const sensor = new Proxy(
    {},
    {
      get(_, name: string) {
        if (name === 'wireVersion') return fake.wireVersion;
        return (...args: unknown[]) => {
          if (!['takeLog', 'programs', 'pinning'].includes(name))
            fake.calls.push([name, ...args.filter((arg) => typeof arg !== 'function')]);
          const error = fake.refuse.get(name);
          if (error) throw error;
          return answers[name]?.();
        };
      },
    },
  );
  function Sensor(options: unknown): object {
    fake.calls.push(['new', typeof options]);
    const error = fake.refuse.get('new');
    if (error) throw error;
    return sensor;
  }
  return { fake, addon: { Sensor } as unknown as Addon };
}

const settings = (log: string[]): KernelOptions => ({
  rings: { lifecycle: 4096, network: 4096, payload: 4096 },
  cgroup: null,
  maxCallBytes: 1,
  maxProcesses: 1024,
  wakeBytes: 1,
  pollMs: 50,
  maxBatchBytes: 1 << 20,
  wireVersion: 1,
  log: (line) => log.push(line),
});

const root: ProcessKey = { tgid: 10, startNs: 100n };
const child: ProcessKey = { tgid: 11, startNs: 110n };
const WRITE: ProbeSite = { call: 'write', entry: 4096, returns: [] };
const stack = (inode: bigint): TlsStack => ({
  file: { dev: 1n, inode },
  path: '/lib/libssl.so.3',
  library: 'openssl',
  by: 'symbols',
  sites: [WRITE],
});

function open(change: (fake: Fake) => void = () => undefined) {
  const { fake, addon } = fakeAddon();
  const log: string[] = [];
  change(fake);
  const kernel = new AddonKernel(addon, settings(log));
  fake.calls.length = 0;
  return { fake, kernel, log };
}

t.test('verdicts have the numbers of the wire contract', async (t) => {
  const { AGENT, STRANGER, WATCHED } = WfVerdict;
  t.same(VERDICTS, { agent: AGENT, stranger: STRANGER, watched: WATCHED });
});

t.test('start attaches, then drains, and says what became of each program', async (t) => {
  const { fake, kernel } = open((fake) => {
    fake.programs = [
      { name: 'wf_exec', family: 'process', state: 'attached', errno: 0, detail: '' },
      {
        name: 'wf_send',
        family: 'socket',
        state: 'unsupported',
        errno: 2,
        detail: 'no tracepoint',
      },
    ];
  });
  const statuses = kernel.start(() => undefined);
  t.same(fake.calls, [['attach'], ['start', { pollMs: 50, maxBatchBytes: 1 << 20 }]]);
  t.same(statuses, [
    { name: 'wf_exec', family: 'process', state: 'attached', detail: '' },
    {
      name: 'wf_send',
      family: 'socket',
      state: 'unsupported',
      detail: 'no tracepoint (ENOENT); a newer kernel may take it: see docs/kernel-support.md',
    },
  ]);
});

t.test('a program of a family nobody knows is our mistake', async (t) => {
  const { kernel } = open((fake) => {
    fake.programs = [{ name: 'wf_x', family: 'odd', state: 'ready', errno: 0, detail: '' }];
  });
  t.throws(() => kernel.start(() => undefined), { message: 'wf_x: unknown family odd' });
});

t.test('commands become calls with the numbers of the contract', async (t) => {
  const { fake, kernel } = open();
  kernel.candidates({ basenames: ['node'], parents: ['claude'], environment: [], anyExec: true });
  kernel.verdict(root, 'agent');
  kernel.verdict(root, 'stranger');
  kernel.verdict(root, 'watched');
  kernel.watchRelay(child);
  kernel.endRelay(child);
  kernel.adopt(child, root);
  kernel.release(root, [child]);
  kernel.pause();
  kernel.resume();
  t.equal(Buffer.from(kernel.seeds()).toString(), 'seeds');
  t.equal(Buffer.from(kernel.counters()).toString(), 'counters');
  t.same(fake.calls, [
    ['setCandidates', ['node'], ['claude'], true],
    ['setEnvironment', [], [], []],
    ['setVerdict', 10, 100n, 2],
    ['setVerdict', 10, 100n, 3],
    ['setVerdict', 10, 100n, 5],
    ['watchRelay', 11, 110n],
    ['endRelay', 11, 110n],
    ['setScope', 11, 110n, 10, 100n],
    ['deleteScope', 11, 110n, 10, 100n],
    ['deleteVerdict', 10, 100n],
    ['pause'],
    ['resume'],
    ['seeds'],
    ['counters'],
  ]);
});

t.test('names of the environment and names that ask are one table, whoever changes', async (t) => {
  const { fake, kernel } = open();
  const rest = { basenames: [], parents: [], anyExec: false };
  kernel.environment({ values: ['AA_AGENT_ID'], marks: ['CLAUDECODE'] });
  kernel.candidates({ ...rest, environment: ['AA_AGENT_ID'] });
  kernel.environment({ values: [], marks: ['GEMINI_CLI'] });
  t.same(
    fake.calls.filter(([name]) => name === 'setEnvironment'),
    [
      ['setEnvironment', ['AA_AGENT_ID'], ['CLAUDECODE'], []],
      ['setEnvironment', ['AA_AGENT_ID'], ['CLAUDECODE'], ['AA_AGENT_ID']],
      ['setEnvironment', [], ['GEMINI_CLI'], ['AA_AGENT_ID']],
    ],
  );
  fake.refuse.set('watchRelay', refusal('EEXIST', 17, 'watch relay'));
  t.throws(
    () => {
      kernel.watchRelay(child);
    },
    { name: 'KernelError', code: 'EEXIST', operation: 'watch relay' },
  );
});

t.test('what is to be remembered is, where it outlives us', async (t) => {
  const { fake, kernel } = open();
  kernel.remember(root, 'who');
  t.same(fake.calls, []);
  fake.pinning = { state: 'pinned' };
  kernel.remember(root, 'who');
  t.same(fake.calls, [['remember', 10, 100n, 'who']]);
});

t.test('what another process left is given in our words', async (t) => {
  const { fake, kernel } = open();
  t.equal(kernel.adopted(), null);
  fake.adopted = {
    lanes: [{ cpu: 3, ring: 1, taken: 5, next: 9, lost: [1, 2, 3, 4] }],
    notes: [{ rootTgid: 10, rootStartNs: 100n, text: 'who' }],
  };
  t.same(kernel.adopted(), {
    lanes: [
      {
        ...{ cpu: 3, ring: 'network', taken: 5, next: 9 },
        ...{ ringFull: 1, fault: 2, tableFull: 3, callLimit: 4 },
      },
    ],
    notes: [{ root, text: 'who' }],
  });
  fake.adopted = { lanes: [{ cpu: 0, ring: 3, taken: 0, next: 0, lost: [] }], notes: [] };
  t.throws(() => kernel.adopted(), { message: 'no ring 3' });
});

t.test('catching up gives large batches until one was all', async (t) => {
  const { fake, kernel } = open();
  const got: string[] = [];
  kernel.start(({ bytes }) => got.push(Buffer.from(bytes).toString()));
  t.equal(kernel.catchUp(), false, 'nothing waits');
  fake.waiting.push({ ...batch('one'), drained: false }, batch('two'));
  t.same([kernel.catchUp(), kernel.catchUp()], [true, false]);
  t.same(got, ['one', 'two']);
});

t.test('a file has its probes once, whatever is asked', async (t) => {
  const { fake, kernel } = open();
  t.equal(kernel.attach(stack(7n), 5), 1, 'what its plaintext is marked with');
  t.equal(kernel.attach(stack(7n), 6), 2);
  kernel.detach({ dev: 1n, inode: 7n }, 'openssl');
  kernel.detach({ dev: 1n, inode: 7n }, 'openssl');
  t.same(fake.calls, [
    ['attachTls', 5, [WRITE]],
    ['detachTls', 1],
    ['attachTls', 6, [WRITE]],
    ['detachTls', 2],
  ]);
});

t.test('the number of files with probes is bounded', async (t) => {
  const { fake, kernel } = open();
  for (let i = 0; i < MAX_ATTACHED_FILES; i++) kernel.attach(stack(BigInt(i)), 5);
  t.throws(() => {
    kernel.attach(stack(9999n), 5);
  }, KernelError);
  t.equal(fake.calls.length, MAX_ATTACHED_FILES);
  kernel.detach({ dev: 1n, inode: 3n }, 'openssl');
  t.doesNotThrow(() => {
    kernel.attach(stack(9999n), 5);
  });
});

t.test('stop detaches, gives what is left, closes, and does so once', async (t) => {
  const { fake, kernel } = open();
  const got: string[] = [];
  kernel.start(({ bytes, drained }) => got.push(`${Buffer.from(bytes).toString()} ${drained}`));
  fake.calls.length = 0;
  fake.waiting.push(batch('one'), batch('two'));
  kernel.stop();
  kernel.stop();
  t.same(got, ['one true', 'two true', ' true', ' true'], 'and twice that nothing is left');
  const drains = [['drain'], ['drain'], ['drain']];
  t.same(fake.calls, [['pause'], ['detach'], ...drains, ['counters'], ['close']]);
});

t.test('a kernel that was never started is closed without draining', async (t) => {
  const { fake, kernel } = open();
  kernel.stop();
  t.same(fake.calls, [['pause'], ['detach'], ['close']]);
});

t.test('stop closes even when the last batch cannot be handled', async (t) => {
  const { fake, kernel } = open();
  kernel.start(() => {
    throw new Error('no room');
  });
  fake.waiting.push(batch('one'));
  t.throws(() => {
    kernel.stop();
  }, /no room/);
  t.same(fake.calls.at(-1), ['close']);
});

t.test('another wire version is refused and nothing stays open', async (t) => {
  const { fake, addon } = fakeAddon();
  fake.wireVersion = 2;
  t.throws(() => new AddonKernel(addon, settings([])), { code: 'EPROTO', name: 'KernelError' });
  t.same(fake.calls.at(-1), ['close']);
});

t.test(
  'refusals become KernelErrors with a remedy, and the log is told on failure too',
  async (t) => {
    const { fake, kernel, log } = open();
    fake.refuse.set('attach', refusal('EPERM', 1, 'attach wf_exec'));
    fake.log.push('libbpf: no');
    t.throws(() => kernel.start(() => undefined), {
      code: 'EPERM',
      errno: 1,
      operation: 'attach wf_exec',
      remedy: /run as root/,
      message: /attach wf_exec: refused \(EPERM\); run as root/,
    });
    t.same(log, ['libbpf: no']);
    const { fake: closed, addon } = fakeAddon();
    closed.refuse.set('new', refusal('ESRCH', 3, "read the kernel's BTF"));
    t.throws(() => new AddonKernel(addon, settings([])), {
      name: 'KernelError',
      remedy: /CONFIG_DEBUG_INFO_BTF/,
    });
  },
);

t.test('mistakes of ours stay what they are, unknown numbers still get a remedy', async (t) => {
  const mistake = new TypeError('fd must be an integer');
  t.throws(() => {
    refusing(() => {
      throw mistake;
    });
  }, mistake);
  t.match(remedyFor('EDOM', 'x'), /docs\/operations.md/);
  t.match(remedyFor('EACCES', 'attach wf_exec'), /as root/);
  t.match(remedyFor('EACCES', 'this kernel refuses to load it'), /newer kernel/);
  t.match(remedyFor('ENOENT', '/tmp is not a cgroup v2 mount point'), /mount -t cgroup2/);
});

t.test('a missing addon names the command that builds it', async (t) => {
  const missing = (code: string) => () => {
    throw Object.assign(new Error('Cannot find module\nRequire stack'), { code });
  };
  t.throws(() => loadAddon(missing('MODULE_NOT_FOUND')), {
    name: 'KernelError',
    message: 'load addon: Cannot find module; run `npm run build:native`',
  });
  t.throws(() => loadAddon(missing('ERR_DLOPEN_FAILED')), {
    name: 'KernelError',
    remedy: /libbpf1/,
  });
  t.throws(() => loadAddon(missing('EOTHER')), { code: 'EOTHER', name: 'Error' });
  const addon = {};
  t.equal(
    loadAddon(() => addon),
    addon,
  );
});

t.test('posix calls pass through, and their refusals are KernelErrors', async (t) => {
  const calls: unknown[][] = [];
  const names = [
    'peerCredentials',
    'peerPidfd',
    'pidfdOpen',
    'pidfdAlive',
    'flockExclusive',
    'sdNotify',
    'receiveFds',
    'sendFds',
    'setDumpable',
    'clocks',
  ];
  const fake = Object.fromEntries(
    names.map((name) => [name, (...args: unknown[]) => calls.push([name, ...args])]),
  );
  const face = posix({ posix: fake } as unknown as Addon);
  face.peerCredentials(1);
  face.peerPidfd(2);
  face.pidfdOpen(3);
  face.pidfdAlive(3);
  face.flockExclusive(4);
  face.sdNotify('READY=1');
  face.receiveFds(5, 10);
  face.sendFds(6, Buffer.from('x'), [1]);
  face.setDumpable(false);
  face.clocks();
  t.same(
    calls.map(([name]) => name),
    names,
  );
  t.same(calls[7], ['sendFds', 6, Buffer.from('x'), [1]]);
  const refused = posix({
    posix: {
      flockExclusive: () => {
        throw refusal('EBADF', 9, 'flock');
      },
    },
  } as unknown as Addon);
  t.throws(() => refused.flockExclusive(1), KernelError);
});
