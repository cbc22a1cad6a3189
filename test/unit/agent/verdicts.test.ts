import t from 'tap';
import { AgentRegistry, type Decision, type RegistryStep } from '../../../src/agent/index.js';
import type { AgentRule, ExecEvent, ProcessFact, ProcessKey } from '../../../src/event/index.js';
import { execEvent, originAt, seedEvent, settings } from '../../helpers/events.js';

const root: ProcessKey = { tgid: 100, startNs: 5_000n };
const governance = { proxy: 'required', sdk: 'none', exempt: [] } as const;
const rule = (match: AgentRule['match'], id = 'acme/pay/bot'): AgentRule => ({
  id,
  match,
  governance,
});
const registryOf = (...rules: AgentRule[]) => new AgentRegistry(settings({ rules }));
const ask = (path: string, argv: string[] = [path], more: Partial<ExecEvent> = {}) =>
  execEvent(root, path, { argv, asksVerdict: true, ...more });
const fact = (more: Partial<ProcessFact> = {}, key = root): ProcessFact => ({
  fact: 'process',
  key,
  gone: false,
  ...more,
});
const idOf = ({ decisions }: RegistryStep): string | undefined => {
  const [decision] = decisions;
  return decision?.verdict === 'agent' ? decision.agent.info.id : decision?.verdict;
};

t.test(
  'known agents are recognised by file and script, never by what they call themselves',
  (t) => {
    const known: readonly (readonly [string, string[], string])[] = [
      ['/usr/lib/node_modules/@anthropic-ai/claude-code/claude', ['claude'], 'claude-code'],
      ['/x/node_modules/@anthropic-ai/claude-code-linux-x64/claude', ['claude'], 'claude-code'],
      ['/x/@anthropic-ai/claude-code/bin/claude.exe', ['claude'], 'claude-code'],
      ['/home/a/.local/share/claude/versions/2.1.329', ['claude'], 'claude-code'],
      ['/usr/bin/node', ['node', '/usr/local/bin/claude', '-p'], 'claude-code'],
      ['/x/@openai/codex/vendor/x86_64-unknown-linux-musl/codex/codex', ['codex'], 'codex'],
      ['/usr/bin/node', ['node', '/x/@openai/codex/bin/codex.js', 'exec'], 'codex'],
      [
        '/usr/bin/node',
        ['node', '--max-old-space-size=4096', '/x/@google/gemini-cli/bundle/gemini.js'],
        'gemini-cli',
      ],
      ['/usr/bin/node', ['node', '-r', '/x/hook.js', '/usr/local/bin/gemini'], 'gemini-cli'],
    ];
    for (const [exe, argv, name] of known) {
      const step = registryOf().ask(ask(exe, argv));
      t.strictSame(step.commands, [{ do: 'look_up_user', uid: 1000 }], 'its id holds the user');
      const registry = registryOf();
      registry.ask(ask(exe, argv));
      const [decision] = registry.fact({ fact: 'user', uid: 1000, user: 'alice' }).decisions;
      t.equal(decision?.verdict, 'agent', `${exe} ${argv.join(' ')}`);
      if (decision?.verdict !== 'agent') continue;
      t.match(decision.agent.info, {
        id: `unregistered/alice/${name}`,
        name,
        assurance: 'recognised',
      });
    }
    const twins: readonly (readonly [string, string[]])[] = [
      ['/usr/bin/node', ['node', '/srv/app.js', '/x/@google/gemini-cli/bundle/gemini.js']],
      ['/usr/bin/node', ['node', '-e', '1', '/x/app.js']],
      ['/usr/bin/python3.11', ['claude']],
      ['/home/a/claude', ['claude']],
      ['/opt/app/versions/1.2.3', ['claude']],
      ['/usr/bin/vim', ['vim', '/x/@openai/codex/bin/codex.js']],
      ['/usr/bin/node', ['node']],
    ];
    for (const [exe, argv] of twins) {
      const step = registryOf().ask(ask(exe, argv));
      t.equal(idOf(step), 'stranger', `${exe} ${argv.join(' ')} at once`);
      t.strictSame(step.commands, []);
    }
    const off = new AgentRegistry(settings({ signatures: false }));
    t.equal(idOf(off.ask(ask('/x/@openai/codex/codex'))), 'stranger');
    t.end();
  },
);

t.test('a rule that the exec alone fulfils decides at once', (t) => {
  const registry = registryOf(rule({ exe: ['*/python3*'], argv: ['*bot.py*'] }));
  const step = registry.ask(ask('/usr/bin/python3.11', ['python3', '/srv/bot.py', '--x']));
  t.strictSame(step.commands, []);
  const [decision] = step.decisions;
  t.match(decision, {
    verdict: 'agent',
    agent: {
      info: { id: 'acme/pay/bot', name: 'bot', assurance: 'asserted' },
      governance,
      bootstrap: false,
      unsure: false,
    },
  });
  t.equal(registry.stateOf(root), 'agent');
  t.equal(registry.agentOf(root)?.info.id, 'acme/pay/bot');
  t.equal(
    idOf(
      registryOf(rule({ exe: ['*/python3*'], argv: ['*bot.py*'] })).ask(ask('/usr/bin/python3')),
    ),
    'stranger',
  );
  t.end();
});

t.test(
  'a registered agent that is known keeps its name, and the first rule that matches wins',
  (t) => {
    const registry = registryOf(
      rule({ exe: ['codex'] }, 'acme/dev/first'),
      rule({ exe: ['*'] }, 'acme/dev/any'),
    );
    const [decision] = registry.ask(ask('/x/@openai/codex/codex')).decisions;
    t.match(decision, {
      agent: { info: { id: 'acme/dev/first', name: 'codex', assurance: 'asserted' } },
    });
    t.end();
  },
);

t.test('what a rule needs to know is asked for and waited for', (t) => {
  const byUser = registryOf(rule({ exe: ['*/python3'], user: ['bot'] }));
  t.strictSame(byUser.ask(ask('/usr/bin/python3')).commands, [{ do: 'look_up_user', uid: 1000 }]);
  t.equal(byUser.stateOf(root), 'pending');
  t.equal(
    idOf(byUser.fact({ fact: 'user', uid: 7, user: 'bot' })),
    undefined,
    'about somebody else',
  );
  t.equal(idOf(byUser.fact({ fact: 'user', uid: 1000, user: 'bot' })), 'acme/pay/bot');
  t.equal(idOf(byUser.ask(ask('/usr/bin/python3'))), 'acme/pay/bot', 'names are remembered');

  const byEnv = registryOf(rule({ env: { AA_AGENT_ID: 'pay-*' } }));
  t.strictSame(byEnv.ask(ask('/bin/x', ['x'], { envTruncated: true })).commands, [
    { do: 'look_up_process', key: root, env: ['AA_AGENT_ID'] },
  ]);
  t.equal(idOf(byEnv.fact(fact({ user: 'u' }))), undefined, "somebody else's look-up");
  t.equal(idOf(byEnv.fact(fact({ env: { AA_AGENT_ID: 'pay-1' }, user: 'u' }))), 'acme/pay/bot');
  const noEnv = registryOf(rule({ env: { AA_AGENT_ID: '*' } }));
  noEnv.ask(ask('/bin/x', ['x'], { envTruncated: true }));
  t.equal(idOf(noEnv.fact(fact({ env: {} }))), 'stranger', 'absent is not empty');

  const byUnit = registryOf(rule({ unit: ['bot'], cgroup: ['/system.slice/*'] }));
  byUnit.ask(ask('/bin/x'));
  t.equal(idOf(byUnit.fact(fact({ cgroup: '/system.slice/bot.service' }))), 'acme/pay/bot');
  const other = registryOf(rule({ unit: ['bot'] }));
  other.ask(ask('/bin/x'));
  t.equal(idOf(other.fact(fact({ cgroup: '/system.slice/other.service' }))), 'stranger');
  t.end();
});

t.test('a path the kernel could not walk is completed before anybody decides', (t) => {
  const registry = registryOf(rule({ exe: ['/very/*/agent'] }));
  const step = registry.ask(ask('/deep/agent', ['agent'], { pathTruncated: true }));
  t.match(step.commands, [{ do: 'look_up_process' }]);
  t.equal(idOf(registry.fact(fact({ exe: '/very/deep/agent' }))), 'acme/pay/bot');
  t.end();
});

t.test('only the image at the time of the decision counts', (t) => {
  const registry = registryOf(rule({ exe: ['*/python3'], env: { AA: '*' } }));
  const truncated = { envTruncated: true };
  registry.ask(ask('/usr/bin/python3', ['python3'], truncated));
  t.equal(idOf(registry.ask(ask('/usr/bin/python3', ['python3'], truncated))), undefined);
  t.equal(
    idOf(registry.fact(fact({ env: { AA: '1' } }))),
    undefined,
    'the answer is about the image before',
  );
  t.equal(idOf(registry.fact(fact({ env: {} }))), 'stranger');
  t.equal(idOf(registry.ask(ask('/bin/sh'))), 'stranger', 'a stranger may execute something else');
  t.end();
});

t.test('without an answer in a second what is known decides, and it is counted', (t) => {
  const registry = registryOf(rule({ env: { AA: '*' } }));
  registry.ask(ask('/bin/x', ['x'], { envTruncated: true }));
  t.strictSame(registry.tick(999_999_999n).decisions, []);
  t.equal(idOf(registry.tick(1_000_000_000n)), 'stranger');
  t.equal(registry.stats().verdictTimeouts, 1);
  t.equal(registry.stateOf(root), 'stranger');

  const known = registryOf(rule({ env: { AA: '*' } }));
  known.ask(ask('/x/@openai/codex/codex', ['codex'], { envTruncated: true }));
  const [decision] = known.tick(1_000_000_000n).decisions as [Decision & { verdict: 'agent' }];
  t.match(decision.agent, { info: { id: 'unregistered/uid-1000/codex' }, unsure: true });
  t.end();
});

t.test('a root whose exec was lost is decided by what the host finds', (t) => {
  const registry = registryOf(rule({ exe: ['*/bot'] }));
  const { commands } = registry.askUnseen(root, originAt());
  t.match(commands, [{ do: 'look_up_process', key: root }]);
  t.equal(idOf(registry.fact(fact({ exe: '/opt/bot', argv: ['bot'], uid: 7 }))), 'acme/pay/bot');
  t.match(registryOf().askUnseen(root, originAt()).commands, [{ do: 'look_up_process' }]);
  const gone = registryOf(rule({ exe: ['*/bot'] }));
  gone.askUnseen(root, originAt());
  t.equal(idOf(gone.fact({ fact: 'process', key: root, gone: true })), 'stranger');
  t.end();
});

t.test('the kernel is told what to ask about', (t) => {
  const names = registryOf(rule({ exe: ['/usr/bin/python3', '*/agent'] })).candidates();
  t.ok(
    ['python3', 'agent', 'node', 'codex', 'claude'].every((name) => names.basenames.includes(name)),
  );
  t.strictSame(names.parents, ['versions']);
  t.equal(names.anyExec, false);
  t.equal(
    registryOf(rule({ exe: ['*/python3*'] })).candidates().anyExec,
    true,
    'no name is pinned',
  );
  t.equal(registryOf(rule({ argv: ['*x*'] })).candidates().anyExec, true, 'no file is named');
  t.equal(
    registryOf(rule({ exe: [`/x/${'n'.repeat(60)}`] })).candidates().anyExec,
    true,
    'too long a name',
  );
  const none = new AgentRegistry(settings({ signatures: false })).candidates();
  t.strictSame(none, { basenames: [], parents: [], environment: [], anyExec: false });
  t.end();
});

t.test('a session is named after the boot and the root', (t) => {
  const sessionOf = (bootId: string, key: ProcessKey): string => {
    const registry = new AgentRegistry(settings({ bootId, rules: [rule({ exe: ['*'] })] }));
    const [decision] = registry.ask(execEvent(key, '/bin/x', { asksVerdict: true })).decisions;
    return decision?.verdict === 'agent' ? decision.agent.info.session : '';
  };
  const session = sessionOf('boot-1', root);
  t.match(session, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  t.equal(sessionOf('boot-1', root), session, 'the same after a restart of the daemon');
  t.not(sessionOf('boot-2', root), session);
  t.not(sessionOf('boot-1', { ...root, startNs: 5_001n }), session);
  t.end();
});

t.test('processes that existed before are decided parents first, however the facts come', (t) => {
  const registry = registryOf();
  const tool = { tgid: 200, startNs: 6n };
  const nested = { tgid: 300, startNs: 7n };
  const orphan = { tgid: 400, startNs: 8n };
  const init = { tgid: 1, startNs: 1n };
  const step = registry.seeds(
    [
      seedEvent(nested, tool),
      seedEvent(tool, root),
      seedEvent(root, init),
      seedEvent(orphan, init),
    ],
    0n,
  );
  t.equal(step.commands.length, 4, 'each is asked about once');
  const codex = { exe: '/x/@openai/codex/codex', argv: ['codex'], user: 'alice' };
  t.strictSame(registry.fact(fact(codex, nested)).decisions, [], 'its parent may be an agent');
  t.strictSame(registry.fact(fact({ exe: '/bin/sh' }, tool)).decisions, []);
  const { decisions } = registry.fact(fact(codex));
  t.match(decisions, [
    {
      verdict: 'agent',
      root,
      agent: { bootstrap: true, info: { id: 'unregistered/alice/codex' } },
    },
    { verdict: 'member', key: tool, root },
    {
      verdict: 'agent',
      root: nested,
      agent: { bootstrap: true, info: { id: 'unregistered/alice/codex', under: { depth: 1 } } },
    },
  ]);
  t.match(registry.fact(fact({ exe: '/bin/sleep' }, orphan)).decisions, [
    { verdict: 'foreign', key: orphan },
  ]);
  t.equal(registry.stats().seeds, 0);
  t.end();
});

t.test('a daemon that starts over finds processes that left their parents', (t) => {
  const registry = registryOf();
  const left = { tgid: 200, startNs: 6n };
  const init = { tgid: 1, startNs: 1n };
  registry.seeds([seedEvent(left, init, root), seedEvent(root, init, root)], 0n);
  t.strictSame(registry.fact(fact({ exe: '/bin/sleep' }, left)).decisions, []);
  const codex = { exe: '/x/@openai/codex/codex', argv: ['codex'], user: 'alice' };
  t.match(registry.fact(fact(codex)).decisions, [
    { verdict: 'agent' },
    { verdict: 'member', key: left, root },
  ]);
  t.end();
});

t.test('seeds that never answer are let go', (t) => {
  const registry = registryOf();
  registry.seeds([seedEvent(root, { tgid: 1, startNs: 1n })], 1n);
  t.strictSame(registry.tick(5_000_000_000n).decisions, []);
  t.match(registry.tick(10_000_000_001n).decisions, [{ verdict: 'foreign', key: root }]);
  t.end();
});

t.test('an ended agent is remembered for 30 seconds', (t) => {
  const registry = registryOf(rule({ exe: ['*'] }));
  registry.ask(ask('/bin/x'));
  registry.ended(root, 0n);
  t.strictSame(registry.agents(), []);
  registry.tick(29_999_999_999n);
  t.not(registry.agentOf(root), null);
  registry.tick(30_000_000_000n);
  t.equal(registry.agentOf(root), null);
  t.end();
});
