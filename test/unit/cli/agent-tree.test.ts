import t from 'tap';
import type { AgentLine, MemberLine } from '../../../src/cli/index.js';
import { agentTree } from '../../../src/cli/agent-tree.js';
import { generate } from '../../helpers/generator.js';

const NOW = { unicode: true, nowNs: 3_700_000_000_000n };

const agentOf = (session: string, more: Partial<AgentLine> = {}): AgentLine => ({
  ...{ id: `acme/ops/${session}`, name: 'bot', session, assurance: 'asserted' },
  ...{ pid: 1, processes: more.members?.length ?? 0 },
  ...more,
});

const memberOf = (pid: number, ppid: number, more: Partial<MemberLine> = {}): MemberLine => ({
  ...{ pid, ppid, exe: '/usr/bin/node', program: '', sinceNs: '3640000000000' },
  ...more,
});

const under = (parent: string, more = {}): Pick<AgentLine, 'under'> => {
  const link = { id: `acme/ops/${parent}`, session: parent };
  return { under: { parent: link, root: link, depth: 1, handedOff: false, ...more } };
};

t.test('agents stand below the agents that started them, behind their processes', async (t) => {
  const agents = [
    agentOf('child', { pid: 30, ...under('top'), members: [memberOf(30, 21, { exe: '/c' })] }),
    agentOf('top', {
      pid: 20,
      processes: 5,
      members: [
        memberOf(20, 1, { program: '/srv/cli.js', sinceNs: '100000000000' }),
        memberOf(21, 20),
        memberOf(22, 20, { sinceNs: 'odd' }),
      ],
    }),
    agentOf('asked', { assurance: 'inferred', processes: 2, ...under('top', { handedOff: true }) }),
    agentOf('orphan', under('gone')),
  ];
  t.same(agentTree(agents, NOW), [
    'acme/ops/top  bot[20]  asserted',
    '├─ 20  /srv/cli.js  1h 0m',
    '│  ├─ 21  /usr/bin/node  1m 0s',
    '│  └─ 22  /usr/bin/node',
    '├─ and 2 more',
    '├─ acme/ops/child  bot[30]  asserted',
    '│  └─ 30  /c  1m 0s',
    '└─ acme/ops/asked  bot[1]  inferred  suspected',
    '   └─ 2 processes',
    'acme/ops/orphan  bot[1]  asserted  < acme/ops/gone, which is not there',
  ]);
  const plain = agentTree(agents, { ...NOW, unicode: false });
  t.equal(plain[5], '|- acme/ops/child  bot[30]  asserted');
  t.notMatch(plain.join('\n'), /[^\x20-\x7e\n]/, 'nothing but ASCII');
});

t.test('what a process or an agent is called cannot draw, break a line or hide', async (t) => {
  const nasty = "a\n└─ 1 \u001b[2J\u202eb\u2028\u009b31m\u200b' < 'acme/ops/boss  asserted";
  const agents = [
    agentOf('s', {
      ...{ id: nasty, name: nasty, assurance: nasty },
      members: [memberOf(7, 1, { exe: nasty }), memberOf(8, 7, { program: nasty })],
      ...under('gone', { parent: { id: nasty, session: 'gone' } }),
    }),
    agentOf('long', { id: 'x'.repeat(100_000) }),
  ];
  for (const unicode of [true, false]) {
    const lines = agentTree(agents, { ...NOW, unicode });
    t.equal(lines.length, 4, 'one line each');
    for (const line of lines) {
      t.notMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      t.ok(line.length < 1500, `${line.length} characters`);
    }
    t.match(lines[1], /^(├|└|`)(─|-) 7 {2}'a\\x0a/);
    t.notOk(lines[0]?.includes("' < '"), 'no parent is made up');
  }
});

t.test('whatever is said of parents, each agent stands there exactly once', async (t) => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const bytes = generate(seed * 104_729, 128);
    const count = (bytes[0] ?? 0) % 30;
    const agents = Array.from({ length: count }, (_, i) => {
      const byte = bytes[i + 1] ?? 0;
      const pids = Array.from({ length: byte % 4 }, (_, at) => at + 1);
      // Parents may be oneself, in a ring, gone, or two of one name; so may those of processes.
      const members = pids.map((pid) => memberOf(pid, ((bytes[pid + 40] ?? 0) % 5) + 1));
      const session = byte % 16 === 0 ? 's0' : `s${i}`;
      const id = `acme/ops/number-${i}.`;
      const parent = byte < 60 ? {} : under(`s${byte % (count + 3)}`);
      return agentOf(session, { id, members, processes: (byte % 6) + 1, ...parent });
    });
    const lines = agentTree(agents, NOW);
    const told = agents.map(
      ({ id }) => lines.filter((line) => line.includes(`${id}  bot[`)).length,
    );
    if (
      !t.same(
        told,
        agents.map(() => 1),
        `seed ${seed}`,
      )
    )
      return;
    const members = agents.reduce((sum, { members: all = [] }) => sum + all.length, 0);
    const processes = lines.filter((line) => / [1-3] {2}\/usr\/bin\/node/.test(line)).length;
    if (!t.equal(processes, members, `seed ${seed}: and each process`)) return;
  }
});

t.test('what lies too deep to be drawn says how deep', async (t) => {
  const agents = Array.from({ length: 60 }, (_, i) =>
    agentOf(`s${i}`, i === 0 ? {} : under(`s${i - 1}`)),
  );
  const lines = agentTree(agents, NOW);
  t.equal(lines.length, 60);
  t.match(lines[24], /^ {69}└─ acme\/ops\/s24/);
  t.match(lines[59], /└─ \(level 59\) acme\/ops\/s59/);
});
