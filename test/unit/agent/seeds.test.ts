import t from 'tap';
import { AgentRegistry, noteOf, type RegistryStep } from '../../../src/agent/index.js';
import type { ProcessFact, ProcessKey } from '../../../src/event/index.js';
import { CLAUDE, CODEX } from '../../helpers/agent-chains.js';
import { execEvent, seedEvent, settings } from '../../helpers/events.js';

const key = (tgid: number): ProcessKey => ({ tgid, startNs: BigInt(tgid) });
const [init, claude, shell, codex, tool, left] = [1, 10, 11, 12, 13, 14].map(key) as [
  ProcessKey,
  ProcessKey,
  ProcessKey,
  ProcessKey,
  ProcessKey,
  ProcessKey,
];
const fact = (of: ProcessKey, exe: string, argv = [exe]): ProcessFact => ({
  ...{ fact: 'process', key: of, gone: false, exe, argv, user: 'alice', uid: 1000 },
});
const summary = ({ decisions }: RegistryStep) =>
  decisions.map((one) => [
    one.verdict,
    one.verdict === 'member' || one.verdict === 'foreign' ? one.key.tgid : one.root.tgid,
    one.verdict === 'member' ? one.root.tgid : null,
  ]);

t.test('agents inside agents that ran before are found, with what is theirs', async (t) => {
  const registry = new AgentRegistry(settings());
  registry.seeds(
    [
      seedEvent(tool, codex),
      seedEvent(codex, shell),
      seedEvent(shell, claude),
      seedEvent(claude, init),
    ],
    0n,
  );
  for (const one of [fact(tool, '/bin/sh'), fact(codex, CODEX), fact(shell, '/bin/bash')]) {
    t.strictSame(registry.fact(one).decisions, []);
  }
  t.strictSame(summary(registry.fact(fact(claude, CLAUDE))), [
    ['agent', 10, null],
    ['member', 11, 10],
    ['agent', 12, null],
    ['member', 13, 12],
  ]);
  t.match(registry.agentOf(codex)?.info.under, {
    parent: { session: registry.agentOf(claude)?.info.session },
    depth: 1,
  });
});

t.test('a launcher and its binary that ran before are one', async (t) => {
  const registry = new AgentRegistry(settings());
  registry.seeds([seedEvent(codex, shell), seedEvent(shell, init)], 0n);
  registry.fact(fact(shell, '/usr/bin/node', ['node', '/x/@openai/codex/bin/codex.js']));
  t.strictSame(summary(registry.fact(fact(codex, CODEX))), [['member', 12, 11]]);
});

t.test('after a restart the parent goes before a kernel that never heard of it', async (t) => {
  const before = new AgentRegistry(settings());
  before.fact({ fact: 'user', uid: 1000, user: 'alice' });
  before.ask(execEvent(claude, CLAUDE, { asksVerdict: true }));
  const outer = before.agentOf(claude);
  if (outer === null) throw new Error('no agent');
  before.nested(execEvent(codex, CODEX), outer, [{ exe: '/bin/bash', argv: [] }]);
  const notes = before.agents().map(noteOf);

  const registry = new AgentRegistry(settings());
  const resumed = registry.resume(notes);
  t.strictSame(
    resumed.map(({ info }) => info),
    before.agents().map(({ info }) => info),
    'the same sessions, and who is under whom',
  );
  registry.seeds(
    [
      seedEvent(claude, init, claude),
      seedEvent(codex, shell, claude),
      seedEvent(shell, claude, claude),
      seedEvent(tool, codex, claude),
      seedEvent(left, init, claude),
    ],
    0n,
  );
  const facts = [fact(tool, '/bin/sh'), fact(left, '/bin/sleep'), fact(shell, '/bin/bash')];
  t.strictSame(
    facts.flatMap((one) => summary(registry.fact(one))),
    [
      ['member', 13, 12],
      ['member', 14, 10],
      ['member', 11, 10],
    ],
  );
});

t.test('a child waits for its parent also where the kernel has them apart', async (t) => {
  const registry = new AgentRegistry(settings());
  registry.seeds(
    [
      seedEvent(claude, init, claude),
      seedEvent(shell, claude, claude),
      seedEvent(codex, shell, codex),
      seedEvent(tool, codex, claude),
    ],
    0n,
  );
  registry.fact(fact(claude, CLAUDE));
  t.strictSame(registry.fact(fact(tool, '/bin/sh')).decisions, [], 'its parent may be another');
  registry.fact(fact(shell, '/bin/bash'));
  t.strictSame(summary(registry.fact(fact(codex, CODEX))), [
    ['agent', 12, null],
    ['member', 13, 12],
  ]);
});
