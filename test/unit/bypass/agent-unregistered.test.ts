import t from 'tap';
import type { Agent } from '../../../src/agent/index.js';
import { judgeRegistration } from '../../../src/bypass/rules/agent-unregistered.js';
import type { AgentInfo, ProcessInfo } from '../../../src/event/index.js';
import { originAt } from '../../helpers/events.js';

const link = { id: 'acme/pay/bot', session: 'outer' };
const under = { parent: link, root: link, depth: 1, handedOff: false };
const agentWith = (info: Partial<AgentInfo>, more: Partial<Agent> = {}): Agent => ({
  root: { tgid: 7, startNs: 9n },
  info: {
    ...{ id: 'unregistered/alice/codex', name: 'codex', session: 's', assurance: 'recognised' },
    ...info,
  },
  governance: { proxy: 'none', sdk: 'none', exempt: [] },
  evidence: ['executable of the npm package @openai/codex: /x/codex'],
  unsure: false,
  origin: originAt(),
  bootstrap: false,
  ...more,
});
const process: ProcessInfo = {
  ...{ pid: 7, startNs: 9n, ppid: 1, uid: 1000, exe: '/usr/bin/node', argv: ['node'] },
  ...{ argvTruncated: false, cwd: '/home/alice/app', chain: [], bootstrap: false },
  program: '/usr/local/bin/codex',
  container: { id: 'c0ffee', runtime: 'docker', podUid: '', image: '' },
};
const said = (info: Partial<AgentInfo>, more: Partial<Agent> = {}) =>
  judgeRegistration(agentWith(info, more), process);

t.test('it says who, what and where', async (t) => {
  t.match(said({}), [
    {
      claim: 'detected',
      process,
      finding: {
        summary: 'codex runs unregistered as unregistered/alice/codex',
        evidence: [
          'executable of the npm package @openai/codex: /x/codex',
          'program /usr/local/bin/codex',
          'working directory /home/alice/app',
          'container c0ffee',
        ],
      },
    },
  ]);
  t.equal(said({ assurance: 'inferred' }).length, 1, 'known by what it does');
});

t.test('an agent below a registered one is registered by nobody', async (t) => {
  t.match(said({ under }), [
    {
      finding: {
        summary: 'codex runs unregistered as unregistered/alice/codex, started by acme/pay/bot',
      },
    },
  ]);
});

t.test('it is silent on who is registered, acts for nobody, or is told of elsewhere', async (t) => {
  t.strictSame(said({ assurance: 'bound' }), []);
  t.strictSame(said({ assurance: 'asserted', under }), []);
  t.strictSame(said({ name: 'ollama' }, { isServer: true }), []);
  const handedOff = { ...under, handedOff: true };
  t.strictSame(said({ assurance: 'inferred', under: handedOff }), []);
  t.equal(said({ assurance: 'recognised', under: handedOff }).length, 1);
});

t.test('what a rule could not see makes it unmeasured', async (t) => {
  t.match(said({}, { unsure: true }), [{ claim: 'unmeasured' }]);
});
