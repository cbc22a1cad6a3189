import t from 'tap';
import { type Agent, bareSubject, type Subject } from '../../../src/agent/index.js';
import type { AgentRule, ProcessKey, Registration } from '../../../src/event/index.js';
import { CLAUDE, CODEX } from '../../helpers/agent-chains.js';
import { LineageScene } from '../../helpers/lineage-scene.js';

const governance = { proxy: 'required', sdk: 'none', exempt: [] } as const;
const rule = (id: string, match: AgentRule['match']): AgentRule => ({ id, match, governance });
const claimOf = (key: ProcessKey, agent: string, name: string | null = null): Registration => ({
  ...{ key, uid: 1000, agent, name, at: 77n },
});
const subjectOf = (key: ProcessKey, exe: string, more: Partial<Subject> = {}): Subject => ({
  ...bareSubject(key),
  ...{ exe, exeTruncated: false, argv: [exe], uid: 1000, user: 'alice', lookedUp: true },
  ...more,
});
const register = (scene: LineageScene, key: ProcessKey, agent: string, exe = '/opt/x') => {
  const current: Agent | null = scene.agentOf(key);
  const answer = scene.registry.register(claimOf(key, agent), current, subjectOf(key, exe));
  for (const one of answer.step.decisions) {
    if (one.verdict === 'agent' && scene.processes.rootOf(key)) scene.processes.reroot(one.root);
  }
  return answer;
};

t.test('the root of a recognised agent becomes bound, in the same session', async (t) => {
  const scene = new LineageScene();
  const root = scene.start(CODEX);
  const before = scene.agentOf(root);
  const { reply, step } = register(scene, root, 'acme/dev/codex');
  const session = before?.info.session ?? '';
  t.strictSame(reply, { ok: true, id: 'acme/dev/codex', session });
  t.match(step.decisions, [
    {
      verdict: 'agent',
      root,
      agent: {
        info: { id: 'acme/dev/codex', name: 'codex', session, assurance: 'bound' },
        bootstrap: false,
      },
    },
  ]);
  t.ok(scene.agentOf(root)?.evidence.some((line) => line.includes('uid 1000')));
  const again = register(scene, root, 'acme/dev/codex');
  t.strictSame(again.reply, reply, 'said twice it is the same');
  t.strictSame(again.step.decisions, []);
  t.match(register(scene, root, 'acme/dev/other').reply, { ok: false, error: /has registered as/ });
  t.match(scene.registry.stats(), { agents: 1, registered: 1, registrationsRefused: 1 });
});

t.test('a process inside an agent becomes an agent under it', async (t) => {
  const scene = new LineageScene({ rules: [rule('acme/dev/claude', { exe: ['claude'] })] });
  const claude = scene.start(CLAUDE);
  const { key } = scene.run(claude, '/usr/bin/bash');
  const { reply } = register(scene, key, 'acme/dev/sub');
  const parent = scene.agentOf(claude)?.info;
  const link = { id: parent?.id, session: parent?.session };
  t.match(scene.agentOf(key), {
    governance,
    info: {
      id: 'acme/dev/sub',
      session: reply.ok ? reply.session : '',
      under: { parent: link, root: link, depth: 1, handedOff: false },
    },
  });
  t.not(reply.ok && reply.session, parent?.session);
  const helper = scene.run(claude, '/usr/bin/bash').key;
  t.strictSame(register(scene, helper, 'acme/dev/claude').reply, { ok: true, ...link });
  t.equal(scene.registry.agents().length, 2, 'who says whose helper it is stays one');
});

t.test('a process in no lineage becomes a root', async (t) => {
  const scene = new LineageScene();
  const key = { tgid: 9, startNs: 9n };
  const { reply, step } = scene.registry.register(claimOf(key, 'a/b/c', 'my bot'), null, null);
  t.match(reply, { ok: true, id: 'a/b/c' });
  t.match(step.decisions, [
    { root: key, agent: { bootstrap: true, origin: { bootNs: 77n }, info: { name: 'my bot' } } },
  ]);
  t.equal(scene.registry.stateOf(key), 'agent');
});

t.test('an id that cannot be is refused with the reason', async (t) => {
  const scene = new LineageScene();
  const key = { tgid: 9, startNs: 9n };
  const answer = (agent: string, name: string | null = null) =>
    scene.registry.register(claimOf(key, agent, name), null, subjectOf(key, '/opt/x'));
  for (const id of ['', 'a', 'a/b', 'a/b/c/d', 'a/b/c d', 'a//c', `a/b/${'c'.repeat(65)}`]) {
    t.match(answer(id).reply, { ok: false, error: /must be org\/team\/agent/ }, id);
  }
  t.match(answer('unregistered/a/b').reply, { ok: false, error: /reserved/ });
  for (const name of ['', 'a\nb', '\u202e', 'n'.repeat(65)]) {
    t.match(answer('a/b/c', name).reply, { ok: false, error: /the name must be/ });
  }
  t.strictSame(scene.registry.agents(), []);
  t.equal(scene.registry.stats().registrationsRefused, 12);
});

t.test("who takes a rule's name must be whom the rule describes", async (t) => {
  const rules = [
    rule('acme/pay/bot', { exe: ['/opt/pay/*'], user: ['bot'] }),
    rule('acme/dev/x', { exe: ['/opt/x'] }),
  ];
  const scene = new LineageScene({ rules });
  const key = { tgid: 9, startNs: 9n };
  const answer = (exe: string, more: Partial<Subject> = {}) =>
    scene.registry.register(claimOf(key, 'acme/pay/bot'), null, subjectOf(key, exe, more)).reply;
  t.match(answer('/tmp/bot'), { ok: false, error: /does not match this process: exe, user/ });
  t.match(answer('/opt/pay/bot'), { ok: false, error: /does not match this process: user$/ });
  t.match(scene.registry.register(claimOf(key, 'acme/pay/bot'), null, null).reply, {
    ok: false,
    error: /try again/,
  });
  t.match(answer('/opt/pay/bot', { user: 'bot' }), { ok: true });
  t.same(scene.registry.agentOf(key)?.governance, governance);
  const root = scene.start('/opt/x');
  t.match(register(scene, root, 'acme/dev/y').reply, { ok: false, error: /a rule says that this/ });
  t.match(register(scene, root, 'acme/dev/x').reply, { ok: true });
});

t.test('at most 64 agents register below one', async (t) => {
  const scene = new LineageScene();
  const claude = scene.start(CLAUDE);
  for (let n = 0; n < 64; n += 1) {
    const { key } = scene.run(claude, '/usr/bin/bash');
    t.ok(register(scene, key, `a/b/${n}`).reply.ok);
  }
  const { key } = scene.run(claude, '/usr/bin/bash');
  t.match(register(scene, key, 'a/b/more').reply, { ok: false, error: /no more are taken/ });
  t.match(scene.registry.stats(), { registered: 64, registrationsRefused: 1 });
  t.ok(register(scene, claude, 'a/b/top').reply.ok, 'the one at the top may');
});
