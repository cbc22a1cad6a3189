import t from 'tap';
import { AgentRegistry, type RegistryStep } from '../../../src/agent/index.js';
import type { AgentRule } from '../../../src/event/index.js';
import { CHAINS, CLAUDE, CODEX } from '../../helpers/agent-chains.js';
import { execEvent, settings } from '../../helpers/events.js';
import { LineageScene } from '../../helpers/lineage-scene.js';

const BASH = '/usr/bin/bash';
const governance = { proxy: 'required', sdk: 'none', exempt: [] } as const;
const rule = (id: string, match: AgentRule['match']): AgentRule => ({ id, match, governance });
const idsOf = (step: RegistryStep | null): readonly string[] =>
  (step?.decisions ?? []).flatMap((one) =>
    one.verdict === 'agent' ? [one.agent.info.id] : [one.verdict],
  );

t.test('no known agent is two, whatever rule names it, whatever its tools are', async (t) => {
  const rules: readonly (readonly AgentRule[])[] = [
    [],
    [rule('a/b/node', { exe: ['node', 'claude'] })],
    [rule('a/b/bin', { exe: ['codex', 'opencode', 'claude'] })],
    [rule('a/b/all', { user: ['alice'] })],
    [rule('a/b/one', { argv: ['* exec', '* -p x'] }), rule('a/b/two', { exe: ['*'] })],
    [rule('a/b/env', { env: { AA_AGENT_ID: 'x' } })],
  ];
  for (const list of rules) {
    for (const { name, start, tool } of CHAINS) {
      const scene = new LineageScene({ rules: list });
      const agent = start(scene);
      const shell = tool(scene, agent);
      scene.run(shell, '/usr/bin/curl', ['curl', 'https://example.org']);
      scene.exec(shell, '/usr/bin/cat', ['cat', '/etc/hosts']);
      const ids = scene.registry.agents().map(({ info }) => info.session);
      t.equal(ids.length, 1, `${name} by ${JSON.stringify(list.map(({ match }) => match))}`);
      t.equal(scene.agentOf(shell)?.info.under, undefined);
    }
  }
});

t.test('every known agent that another one starts through a shell is its own', async (t) => {
  for (const outer of CHAINS) {
    for (const inner of CHAINS) {
      const scene = new LineageScene();
      const shell = outer.tool(scene, outer.start(scene));
      const above = scene.agentOf(shell);
      // Every start of a chain begins with a root: here its first image is a child of the shell's.
      const first = new LineageScene();
      const root = first.processes.info(inner.start(first));
      const [top = { exe: root?.exe ?? '' }] = root?.chain.slice(-1) ?? [];
      const argv = first.processes
        .describe({ tgid: 101, startNs: 101n })
        .argv.map((argument) => argument);
      const { key, step } = scene.run(shell, top.exe, argv);
      t.strictSame(
        idsOf(step),
        [`unregistered/alice/${inner.name}`],
        `${outer.name}, ${inner.name}`,
      );
      const link = { id: above?.info.id, session: above?.info.session };
      t.match(scene.agentOf(key)?.info.under, {
        parent: link,
        root: link,
        depth: 1,
        handedOff: false,
      });
      inner.tool(scene, key);
      t.equal(scene.registry.agents().length, 2, 'and its tools are no third one');
    }
  }
});

t.test('a shell that executes the agent in its own place is between them, too', async (t) => {
  const scene = new LineageScene();
  const claude = scene.start(CLAUDE);
  const { key } = scene.run(claude, BASH, ['bash', '-c', 'claude -p x']);
  t.strictSame(idsOf(scene.exec(key, CLAUDE, ['claude', '-p', 'x'])), [
    'unregistered/alice/claude-code',
  ]);
  t.equal(scene.agentOf(key)?.info.under?.depth, 1);
});

t.test('agents inside agents know who is above and who is at the top', async (t) => {
  const scene = new LineageScene();
  const top = scene.start(CLAUDE);
  const one = scene.run(scene.run(top, BASH).key, CODEX).key;
  const two = scene.run(scene.run(one, BASH).key, CLAUDE).key;
  const linkTo = (agent: ReturnType<LineageScene['agentOf']>) => ({
    id: agent?.info.id,
    session: agent?.info.session,
  });
  t.strictSame(scene.agentOf(two)?.info.under, {
    parent: linkTo(scene.agentOf(one)),
    root: linkTo(scene.agentOf(top)),
    depth: 2,
    handedOff: false,
  });
});

t.test('a rule names an agent inside an agent, and gives it its own governance', async (t) => {
  const scene = new LineageScene({ rules: [rule('acme/pay/bot', { argv: ['* bot.py'] })] });
  const claude = scene.start(CLAUDE);
  const { key, step } = scene.run(claude, '/usr/bin/python3.11', ['python3', 'bot.py']);
  t.strictSame(idsOf(step), ['acme/pay/bot']);
  t.match(scene.agentOf(key), {
    governance,
    info: { assurance: 'asserted', under: { parent: { id: 'unregistered/alice/claude-code' } } },
  });
  const { step: helper } = scene.run(key, '/usr/bin/python3.11', ['python3', 'bot.py']);
  t.equal(helper, null, 'its own workers are not');
});

t.test('one that no rule names has the governance of who started it', async (t) => {
  const scene = new LineageScene({ rules: [rule('acme/dev/run', { exe: ['*/run'] })] });
  const run = scene.start('/opt/run');
  const { key } = scene.run(run, CODEX);
  t.match(scene.agentOf(key), { governance, info: { assurance: 'recognised' } });
});

t.test('what every child inherits makes no second agent, what is changed does', async (t) => {
  const rules = [
    rule('a/b/claude', { exe: ['claude'] }),
    rule('a/b/user', { user: ['alice'] }),
    rule('a/b/env', { env: { AA_AGENT_ID: 'worker' } }),
  ];
  const env = { AA_AGENT_ID: 'worker' };
  const same = new LineageScene({ rules });
  const claude = same.start(CLAUDE, ['claude'], { env });
  t.equal(same.run(claude, BASH, ['bash'], { env }).step, null);
  const changed = new LineageScene({ rules });
  const outer = changed.start(CLAUDE, ['claude']);
  const { key, step } = changed.run(outer, '/opt/worker', ['worker'], { env });
  t.strictSame(idsOf(step), ['a/b/env']);
  t.equal(changed.run(key, BASH, ['bash'], { env }).step, null, 'its tools are its own');
  const nested = changed.run(changed.run(key, BASH, ['bash'], { env }).key, CLAUDE, ['claude'], {
    env,
  });
  t.strictSame(idsOf(nested.step), ['a/b/claude']);
  t.equal(changed.run(nested.key, BASH, ['bash'], { env }).step, null);
});

t.test('under a rule about an account two known agents are still two', async (t) => {
  const scene = new LineageScene({ rules: [rule('a/b/all', { user: ['alice'] })] });
  const run = scene.start('/bin/sh', ['sh', 'run.sh']);
  const claude = scene.run(run, CLAUDE);
  t.equal(claude.step, null, 'the program that the wrapper starts is the agent');
  const { step } = scene.run(scene.run(claude.key, BASH).key, CODEX);
  t.match(step?.decisions, [
    { agent: { info: { id: 'a/b/all', name: 'codex', assurance: 'asserted', under: {} } } },
  ]);
});

t.test('a rule that names the binary names the launcher that was recognised', async (t) => {
  const scene = new LineageScene({ rules: [rule('acme/dev/codex', { exe: ['codex'] })] });
  const launcher = scene.start('/usr/bin/node', ['node', '/x/@openai/codex/bin/codex.js']);
  const before = scene.agentOf(launcher)?.info;
  t.equal(before?.assurance, 'recognised');
  scene.run(launcher, CODEX);
  t.match(scene.agentOf(launcher)?.info, {
    id: 'acme/dev/codex',
    assurance: 'asserted',
    session: before?.session,
  });
  t.equal(scene.registry.agents().length, 1);
});

t.test('tools, roles and lookalikes are no agents', async (t) => {
  const twins: readonly (readonly [string, readonly string[]])[] = [
    ['/usr/bin/node', ['node', '/srv/app.js', '/x/@openai/codex/bin/codex.js']],
    ['/usr/bin/vim', ['vim', '/x/@google/gemini-cli/bundle/gemini.js']],
    ['/usr/bin/bash', ['bash', '/usr/local/bin/claude']],
    ['/usr/bin/node', ['node', '/x/node_modules/@modelcontextprotocol/server-git/index.js']],
    ['/usr/bin/python3.11', ['python3', '-m', 'mcp_server_git']],
    ['/usr/local/bin/ollama', ['ollama', 'serve']],
    ['/home/a/claude', ['claude']],
  ];
  for (const [path, argv] of twins) {
    const scene = new LineageScene();
    t.equal(scene.run(scene.start(CLAUDE), path, argv).step, null, argv.join(' '));
  }
});

t.test('what a rule must know of a process inside is asked for, and decides later', async (t) => {
  const image = { dev: 8n, inode: 42n, changedNs: 7n, size: 9n };
  const rules = [rule('a/b/sum', { exe: ['worker'], sha256: ['ab'] })];
  const scene = new LineageScene({ rules });
  const { key, step } = scene.run(scene.start(CLAUDE), '/opt/worker', ['worker'], { file: image });
  t.strictSame(step, {
    decisions: [],
    commands: [{ do: 'look_up_image', image, path: '/opt/worker', through: key, sha256: true }],
  });
  const fact = { fact: 'image', image, gone: false, sha256: 'ab' } as const;
  t.strictSame(idsOf(scene.registry.image(fact)), ['a/b/sum']);
  t.strictSame(
    idsOf(scene.run(scene.start(CLAUDE), '/opt/worker', ['worker'], { file: image }).step),
    ['a/b/sum'],
    'one look is enough',
  );
});

t.test('without an answer it stays the same agent', async (t) => {
  const scene = new LineageScene({ rules: [rule('a/b/c', { exe: ['worker'], cgroup: ['/x'] })] });
  const { step } = scene.run(scene.start(CLAUDE), '/opt/worker', ['worker'], { cgroupId: 9n });
  t.match(step?.commands, [{ do: 'look_up_process' }]);
  t.strictSame(scene.registry.tick(1_000_000_000n).decisions, []);
  t.equal(scene.registry.stats().verdictTimeouts, 1);
});

t.test('agents without end below one are followed up to a limit, and counted', async (t) => {
  const registry = new AgentRegistry(settings());
  registry.fact({ fact: 'user', uid: 1000, user: 'alice' });
  const top = { tgid: 1, startNs: 1n };
  registry.ask(execEvent(top, CLAUDE, { asksVerdict: true }));
  const agent = registry.agentOf(top);
  if (agent === null) throw new Error('no agent');
  const above = [{ exe: BASH, argv: ['bash'] }];
  for (let pid = 2; pid < 1030; pid += 1) {
    registry.nested(execEvent({ tgid: pid, startNs: 2n }, CODEX), agent, above);
  }
  t.match(registry.stats(), { agents: 1025, nestedRefused: 4 });
});
