import t from 'tap';
import { Pipeline, type Step } from '../../../src/pipeline.js';
import { WfExecFlag, WfVerdict } from '../../../src/decode/layout.gen.js';
import type { AgentRule, Input, PipelineSettings, ProcessKey } from '../../../src/event/index.js';
import { settings } from '../../helpers/events.js';
import { SECOND, at, batch, doing, find, root, tick } from '../../helpers/pipeline-steps.js';
import {
  execRecord,
  exitRecord,
  flowOpenRecord,
  flowStateRecord,
  forkRecord,
  type HeaderFields,
  unixOpenRecord,
} from '../../helpers/wire.js';

/** Who an event belongs to: agents inside agents, interpreters that turn out agents, work handed to others, registration. */

const shell: ProcessKey = { tgid: 101, startNs: 2_000n };
const inner: ProcessKey = { tgid: 102, startNs: 3_000n };
const tool: ProcessKey = { tgid: 103, startNs: 4_000n };
const { PENDING, WATCHED, RELAY } = WfVerdict;
const asks = { flags: WfExecFlag.ASKS_VERDICT };
const governance = { proxy: 'required', sdk: 'none', exempt: ['dns'] } as const;
const bot: AgentRule = { id: 'acme/pay/bot', match: { exe: ['*/bot'] }, governance };
const CODEX = '/opt/node_modules/@openai/codex-linux-x64/vendor/codex';
const CLAUDE = '/opt/node_modules/@anthropic-ai/claude-code/claude';

const pipelineOf = (more: Partial<PipelineSettings> = {}) =>
  new Pipeline(settings({ rules: [bot], modelHosts: ['203.0.113.10'], ...more }));

const startBot = (pipeline: Pipeline): Step =>
  pipeline.step(batch(execRecord({ path: '/opt/bot', ...asks }, at(1n, { verdict: PENDING }))));
const run = (key: ProcessKey, path: string, bootNs: bigint, more: HeaderFields = {}) =>
  execRecord({ path }, at(bootNs, { key, ...more }));

t.test('an agent behind a shell of another agent is its own, with all it does', async (t) => {
  const pipeline = pipelineOf();
  startBot(pipeline);
  const user: Input = { input: 'fact', fact: { fact: 'user', uid: 1000, user: 'alice' } };
  pipeline.step(user);
  const step = pipeline.step(
    batch(
      forkRecord(shell, at(2n)),
      run(shell, '/bin/bash', 3n),
      forkRecord(inner, at(4n, { key: shell })),
      run(inner, CODEX, 5n),
      forkRecord(tool, at(6n, { key: inner })),
      run(tool, '/bin/true', 7n),
    ),
  );
  const execs = find(step, 'exec').map(({ process, agent }) => [process.exe, agent?.id]);
  t.same(execs, [
    ['/bin/bash', 'acme/pay/bot'],
    [CODEX, 'unregistered/alice/codex'],
    ['/bin/true', 'unregistered/alice/codex'],
  ]);
  const [agent] = find(step, 'agent');
  t.match(agent?.agent?.under, { parent: { id: 'acme/pay/bot' }, depth: 1, handedOff: false });
  t.same(
    doing(step, 'verdict').map(({ root }) => root),
    [inner],
  );
  t.same(doing(step, 'adopt'), [{ do: 'adopt', key: inner, root: inner }]);
  const ends = pipeline.step(
    batch(
      exitRecord(0, at(8n, { key: tool })),
      exitRecord(0, at(9n, { key: inner, root: inner })),
      exitRecord(0, at(10n, { key: shell })),
    ),
  );
  t.same(
    find(ends, 'exit').map(({ agent }) => agent?.name),
    ['codex', 'codex', 'bot'],
  );
  t.same(
    doing(ends, 'release').map(({ root }) => root),
    [inner],
    'the outer one lives',
  );
  t.equal(pipeline.snapshot().agents.length, 1);
});

t.test('a launcher and its binary stay one agent', async (t) => {
  const pipeline = pipelineOf({ rules: [] });
  pipeline.step({ input: 'fact', fact: { fact: 'user', uid: 1000, user: 'alice' } });
  const launcher = { path: '/usr/bin/node', argv: ['node', '/opt/@openai/codex/bin/codex.js'] };
  const started = pipeline.step(
    batch(execRecord({ ...launcher, ...asks }, at(1n, { verdict: PENDING }))),
  );
  t.equal(find(started, 'agent')[0]?.agent?.name, 'codex');
  const step = pipeline.step(
    batch(
      forkRecord(shell, at(2n)),
      run(shell, CODEX, 3n),
      forkRecord(inner, at(4n, { key: shell })),
      run(inner, CODEX, 5n),
      run(inner, '/bin/bash', 6n),
      run(inner, '/usr/bin/curl', 7n),
    ),
  );
  t.equal(find(step, 'agent').length, 0);
  t.equal(new Set(find(step, 'exec').map(({ agent }) => agent?.session)).size, 1);
});

t.test('the same agent behind a shell is another run of it', async (t) => {
  const pipeline = pipelineOf({ rules: [] });
  pipeline.step({ input: 'fact', fact: { fact: 'user', uid: 1000, user: 'alice' } });
  pipeline.step(batch(execRecord({ path: CLAUDE, ...asks }, at(1n, { verdict: PENDING }))));
  const step = pipeline.step(
    // The shell replaces itself by its last command: one process, two images.
    batch(forkRecord(shell, at(2n)), run(shell, '/bin/bash', 3n), run(shell, CLAUDE, 4n)),
  );
  t.match(find(step, 'agent'), [{ agent: { name: 'claude-code', under: { depth: 1 } } }]);
});

const watch = (pipeline: Pipeline): Step =>
  pipeline.step(
    batch(
      execRecord(
        { path: '/usr/bin/python3.11', argv: ['python3', '/srv/mybot.py'], ...asks },
        at(1n, { verdict: PENDING }),
      ),
    ),
  );
const talk = (dst: string, cookie: bigint) => {
  const tuple = { src: '10.0.0.2', srcPort: 40_000, dst, dstPort: 443 };
  return batch(
    flowOpenRecord(cookie, tuple, at(3n, { verdict: WATCHED })),
    flowStateRecord({ cookie, tuple, from: 2, to: 1 }, at(4n, { verdict: WATCHED })),
  );
};

t.test('an interpreter that speaks to a model is an agent, with its first flow', async (t) => {
  const pipeline = pipelineOf({ inference: true });
  pipeline.step({ input: 'fact', fact: { fact: 'user', uid: 1000, user: 'alice' } });
  const seen = watch(pipeline);
  t.same(doing(seen, 'verdict'), [{ do: 'verdict', root, verdict: 'watched' }]);
  t.equal(seen.values.length, 0, 'nothing of it is told');
  t.equal(
    pipeline.step(talk('198.51.100.1', 7n)).values.length,
    0,
    'nor of whom else it speaks to',
  );
  const step = pipeline.step(talk('203.0.113.10', 8n));
  t.match(find(step, 'agent'), [{ agent: { assurance: 'inferred', name: 'mybot.py' } }]);
  t.ok(find(step, 'flow').some(({ net }) => net.dstIp === '203.0.113.10'));
  t.match(find(step, 'finding')[0], { finding: { rule: 'agent.unregistered' } });
  t.match(doing(step, 'verdict').at(-1), { root, verdict: 'agent' });
});

t.test('a trusted proxy speaks to models for others and is no agent', async (t) => {
  const exe = '/usr/bin/python3.11';
  const said = (user: string): Step => {
    const proxies = [{ listen: '127.0.0.1:8899', user, exe }];
    const pipeline = pipelineOf({ inference: true, proxies });
    pipeline.step({ input: 'fact', fact: { fact: 'user', uid: 1000, user: 'alice' } });
    watch(pipeline);
    return pipeline.step(talk('203.0.113.10', 8n));
  };
  t.equal(find(said('alice'), 'agent').length, 0);
  t.match(doing(said('alice'), 'verdict'), [{ root, verdict: 'stranger' }]);
  t.equal(find(said('bob'), 'agent').length, 1, 'that of another account is no proxy');
});

t.test('without inference an interpreter is a stranger', async (t) => {
  const step = watch(pipelineOf({ inference: false }));
  t.match(doing(step, 'verdict'), [{ verdict: 'stranger' }]);
});

t.test('a watched interpreter is forgotten with its last process', async (t) => {
  const pipeline = pipelineOf({ inference: true });
  watch(pipeline);
  const step = pipeline.step(batch(exitRecord(0, at(5n, { verdict: WATCHED }))));
  t.match(doing(step, 'release'), [{ root }]);
  t.equal(pipeline.snapshot().watched.roots, 0);
});

const relay: ProcessKey = { tgid: 50, startNs: 10n };
const job: ProcessKey = { tgid: 300, startNs: 9_000n };
const ask = (pipeline: Pipeline) =>
  pipeline.step(batch(unixOpenRecord({ cookie: 1n, address: '/run/sched.sock' }, at(2n * SECOND))));
const answer = (pipeline: Pipeline) =>
  pipeline.step({
    input: 'fact',
    fact: {
      fact: 'unix_peer',
      path: '/run/sched.sock',
      netns: 0,
      peers: [{ key: relay, exe: '/usr/bin/sched', uid: 0 }],
    },
  });
const forked = (bootNs: bigint) =>
  forkRecord(job, at(bootNs, { key: relay, root: relay, verdict: RELAY }));
const executed = (bootNs: bigint) =>
  run(job, '/usr/bin/make', bootNs, { root: job, verdict: PENDING });

t.test('what a relay runs when an agent asked is the suspected work of that agent', async (t) => {
  const pipeline = pipelineOf();
  startBot(pipeline);
  t.match(doing(ask(pipeline), 'look_up_unix_peer'), [{ path: '/run/sched.sock' }]);
  t.same(doing(answer(pipeline), 'watch_relay'), [{ do: 'watch_relay', key: relay }]);
  const step = pipeline.step(batch(forked(3n * SECOND), executed(3n * SECOND + 1n)));
  t.match(find(step, 'agent'), [
    { agent: { id: 'acme/pay/bot', assurance: 'inferred', under: { handedOff: true } } },
  ]);
  t.match(find(step, 'exec'), [{ process: { exe: '/usr/bin/make' } }]);
  t.match(
    find(step, 'finding').map(({ finding }) => finding.rule),
    ['lineage.handoff'],
  );
});

t.test('what nobody asked a relay for is not told', async (t) => {
  const pipeline = pipelineOf();
  startBot(pipeline);
  const step = pipeline.step(batch(forked(3n * SECOND), executed(3n * SECOND + 1n)));
  t.equal(step.values.length, 0);
  t.match(doing(step, 'verdict'), [{ root: job, verdict: 'stranger' }]);
});

t.test('a child of a relay that executes nothing is let go', async (t) => {
  const pipeline = pipelineOf();
  startBot(pipeline);
  ask(pipeline);
  answer(pipeline);
  pipeline.step(batch(forked(3n * SECOND)));
  t.equal(pipeline.snapshot().relays.expected, 1);
  const step = pipeline.step(tick(13n * SECOND));
  t.match(doing(step, 'verdict'), [{ root: job, verdict: 'stranger' }]);
  t.equal(pipeline.snapshot().relays.expected, 0);
});

const visitor: ProcessKey = { tgid: 400, startNs: 77n };
const register = (key: ProcessKey, agent: string): Input => ({
  input: 'registration',
  registration: { key, uid: 1000, agent, name: null, at: 5n * SECOND },
});

t.test('who registers is known from then on, and answered', async (t) => {
  const pipeline = pipelineOf();
  const exe = '/usr/bin/python3.11';
  pipeline.step({
    input: 'fact',
    fact: { fact: 'process', key: visitor, gone: false, exe, uid: 1000 },
  });
  const step = pipeline.step(register(visitor, 'acme/lab/helper'));
  t.match(step.reply, { ok: true, id: 'acme/lab/helper', session: String });
  t.match(doing(step, 'verdict'), [{ root: visitor, verdict: 'agent' }]);
  t.match(doing(step, 'adopt'), [{ key: visitor, root: visitor }]);
  t.match(find(step, 'agent'), [{ agent: { assurance: 'bound' } }]);
  t.equal(find(step, 'finding').length, 0);
});

t.test('the root of a recognised agent keeps its session when it registers', async (t) => {
  const pipeline = pipelineOf({ rules: [] });
  pipeline.step({ input: 'fact', fact: { fact: 'user', uid: 1000, user: 'alice' } });
  const before = pipeline.step(
    batch(execRecord({ path: CLAUDE, ...asks }, at(1n, { verdict: PENDING }))),
  );
  const after = pipeline.step(register(root, 'acme/lab/claude'));
  const [known] = find(before, 'agent');
  t.match(find(after, 'agent'), [
    { agent: { id: 'acme/lab/claude', assurance: 'bound', session: known?.agent?.session } },
  ]);
  t.equal(pipeline.snapshot().agents.length, 1);
});

t.test('an id a rule gives to another program is refused', async (t) => {
  const pipeline = pipelineOf();
  const fact = { fact: 'process', key: visitor, gone: false, exe: '/tmp/liar', uid: 1000 } as const;
  pipeline.step({ input: 'fact', fact });
  const step = pipeline.step(register(visitor, 'acme/pay/bot'));
  t.match(step.reply, { ok: false, error: String });
  t.equal(step.values.length, 0);
});

t.test('sessions told of before are not told of again', async (t) => {
  const first = pipelineOf({ rules: [] });
  const user: Input = { input: 'fact', fact: { fact: 'user', uid: 1000, user: 'alice' } };
  const start = batch(execRecord({ path: CLAUDE, ...asks }, at(1n, { verdict: PENDING })));
  first.step(user);
  const [finding] = find(first.step(start), 'finding');
  t.equal(finding?.finding.rule, 'agent.unregistered');
  const second = pipelineOf({ rules: [] });
  second.step({ input: 'told', sessions: [finding?.agent?.session ?? ''] });
  second.step(user);
  const step = second.step(start);
  t.equal(find(step, 'agent').length, 1);
  t.equal(find(step, 'finding').length, 0);
});
