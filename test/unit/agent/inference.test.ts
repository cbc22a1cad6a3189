import t from 'tap';
import { AgentRegistry, type RegistryStep } from '../../../src/agent/index.js';
import type { AgentRule, ProcessKey } from '../../../src/event/index.js';
import { CLAUDE, CODEX } from '../../helpers/agent-chains.js';
import { execEvent, originAt, seedEvent, settings } from '../../helpers/events.js';

const PYTHON = '/usr/bin/python3.11';
const root: ProcessKey = { tgid: 100, startNs: 5_000n };
const watching = (rules: readonly AgentRule[] = []) =>
  new AgentRegistry(settings({ inference: true, rules }));
const ask = (path: string, argv: readonly string[] = [path], key = root) =>
  execEvent(key, path, { argv, asksVerdict: true });
const verdictsOf = ({ decisions }: RegistryStep) => decisions.map(({ verdict }) => verdict);

t.test('an interpreter that is no agent is watched, anything else a stranger', async (t) => {
  for (const exe of [PYTHON, '/usr/bin/node', '/x/bin/java', '/usr/bin/ruby3.1', '/x/deno']) {
    const registry = watching();
    t.strictSame(verdictsOf(registry.ask(ask(exe))), ['watched'], exe);
    t.equal(registry.stateOf(root), 'watched');
  }
  for (const exe of ['/usr/bin/perl', '/bin/bash', '/usr/bin/node-gyp', '/opt/python']) {
    const wanted = exe === '/opt/python' ? 'watched' : 'stranger';
    t.strictSame(verdictsOf(watching().ask(ask(exe))), [wanted], exe);
  }
  const off = new AgentRegistry(settings());
  t.strictSame(verdictsOf(off.ask(ask(PYTHON))), ['stranger']);
});

t.test('one that speaks to a model is an agent by what it does', async (t) => {
  const registry = watching();
  registry.ask(ask(PYTHON, ['python3', '/srv/my bot.py']));
  const asked = registry.infer(root, originAt(), 'api.model.example', PYTHON, 1000);
  t.strictSame(asked.commands, [{ do: 'look_up_user', uid: 1000 }], 'its id holds the user');
  const { decisions } = registry.fact({ fact: 'user', uid: 1000, user: 'alice' });
  t.match(decisions, [
    {
      verdict: 'agent',
      root,
      agent: {
        info: {
          id: 'unregistered/alice/my-bot.py',
          name: 'my-bot.py',
          assurance: 'inferred',
        },
        evidence: [
          "it spoke to api.model.example, a model's host",
          `executable ${PYTHON}`,
          'script /srv/my bot.py',
        ],
      },
    },
  ]);
  t.equal(registry.stats().watched, 0);
  const early = watching();
  t.match(early.ask(ask(PYTHON)).commands, [{ do: 'look_up_user', uid: 1000 }], 'before it speaks');
  early.fact({ fact: 'user', uid: 1000, user: 'alice' });
  t.strictSame(verdictsOf(early.infer(root, originAt(), 'x', PYTHON, 1000)), ['agent']);
  const again = registry.infer(root, originAt(), 'api.model.example', PYTHON, 1000);
  t.strictSame(again, { decisions: [], commands: [] });
  const unnamed = watching();
  unnamed.ask(ask(PYTHON, ['python3', '-m', 'bots.pay']));
  unnamed.infer(root, originAt(), 'api.model.example', PYTHON, 1000);
  t.match(unnamed.tick(1_000_000_000n).decisions, [
    { agent: { info: { id: 'unregistered/uid-1000/bots.pay' } } },
  ]);
});

t.test('a full table of watched roots lets the oldest go as a stranger', async (t) => {
  const registry = watching();
  const key = (tgid: number): ProcessKey => ({ tgid, startNs: BigInt(tgid) });
  for (let tgid = 1; tgid <= 4096; tgid += 1) registry.ask(ask(PYTHON, ['python3'], key(tgid)));
  const { decisions } = registry.ask(ask(PYTHON, ['python3'], key(5000)));
  t.strictSame(decisions, [
    { verdict: 'watched', root: key(5000) },
    { verdict: 'stranger', root: key(1) },
  ]);
  t.match(registry.stats(), { watched: 4096, watchedEvicted: 1 });
  registry.ended(key(2), 0n);
  t.equal(registry.stats().watched, 4095);
});

t.test('interpreters that ran before are watched, too', async (t) => {
  const registry = watching();
  registry.seeds([seedEvent(root, { tgid: 1, startNs: 1n })], 0n);
  const step = registry.fact({
    ...{ fact: 'process', key: root, gone: false, exe: PYTHON, argv: ['python3', 'x.py'] },
  });
  t.strictSame(verdictsOf(step), ['watched']);
});

t.test('what an agent had others run goes by its name, as far as it has none', async (t) => {
  const governance = { proxy: 'required', sdk: 'none', exempt: [] } as const;
  const rules = [
    { id: 'acme/dev/claude', match: { exe: ['claude'] }, governance },
    { id: 'acme/dev/job', match: { exe: ['/opt/job'] }, governance },
  ];
  const registry = watching(rules);
  registry.ask(ask(CLAUDE));
  const asker = registry.agentOf(root);
  if (asker === null) throw new Error('no agent');
  const link = { asker, via: 'cron', relayExe: '/usr/sbin/cron', evidence: ['it ran crontab'] };
  const key = { tgid: 200, startNs: 9n };
  const under = { parent: { id: 'acme/dev/claude' }, depth: 1, handedOff: true };
  t.match(registry.handedOff(execEvent(key, '/bin/sh'), link).decisions, [
    {
      root: key,
      agent: {
        governance,
        info: { id: 'acme/dev/claude', assurance: 'inferred', under },
        evidence: ['handed off by cron, run by /usr/sbin/cron', 'it ran crontab'],
      },
    },
  ]);
  t.not(registry.agentOf(key)?.info.session, asker.info.session);
  const named = { tgid: 201, startNs: 9n };
  t.match(registry.handedOff(execEvent(named, '/opt/job'), link).decisions, [
    { agent: { info: { id: 'acme/dev/job', assurance: 'asserted', under } } },
  ]);
  const known = { tgid: 202, startNs: 9n };
  t.match(registry.handedOff(execEvent(known, CODEX), link).decisions, [
    { agent: { governance, info: { assurance: 'recognised', name: 'codex', under } } },
  ]);
  const child = { tgid: 204, startNs: 9n };
  const outer = { tgid: 203, startNs: 8n };
  t.match(registry.handedOff(execEvent(child, CODEX, { root: outer }), link).decisions, [
    { root: outer, agent: { info: { id: 'acme/dev/claude' } } },
  ]);
});
