import t from 'tap';
import { agentLines } from '../../../src/cli/index.js';
import { MAX_ALL_MEMBERS, MAX_MEMBERS } from '../../../src/cli/agent-line.js';
import { agent, contained, handedOff, nested, process } from '../../fixtures/golden/values.js';

const known = { rootPid: 270, liveProcesses: 1 };

t.test('an agent is told with its parent and its processes, oldest first', async (t) => {
  const old = { ...process, pid: 8, startNs: 5n };
  const [line] = agentLines([{ ...nested, ...known, liveProcesses: 2, members: [contained, old] }]);
  t.strictSame(line, {
    ...{ id: nested.id, name: nested.name, session: nested.session, assurance: 'recognised' },
    ...{ pid: 270, processes: 2 },
    under: nested.under,
    members: [
      { pid: 8, ppid: 269, exe: '/usr/bin/curl', program: '', sinceNs: '5' },
      {
        ...{ pid: 270, ppid: 269, exe: '/usr/bin/python3.11', program: '/srv/bots/bot.py' },
        sinceNs: '9007199254740993',
      },
    ],
  });
  t.same(JSON.parse(JSON.stringify(line)), line, 'it goes over the socket as it is');
  t.equal(agentLines([{ ...handedOff, ...known }])[0]?.under?.handedOff, true);
  t.notOk('under' in (agentLines([{ ...agent, ...known }])[0] ?? {}), 'nobody started it');
});

t.test('neither a path nor a name gives a secret away', async (t) => {
  const secret = 'sk-ant-Zq7hunterXw';
  const told = agentLines([
    {
      ...{ ...nested, ...known, id: `a/b/${secret}` },
      members: [{ ...process, exe: `/tmp/${secret}`, program: `/srv/u:${secret}.py` }],
    },
  ]);
  t.notOk(JSON.stringify(told).includes('hunter'));
  t.ok(JSON.stringify(told).includes('[token:'));
});

t.test('however many processes there are, few are told and all are counted', async (t) => {
  const members = Array.from({ length: 1000 }, (_, i) => ({
    ...process,
    ...{ startNs: BigInt(1000 - i), exe: '/\u0001'.repeat(4096), program: '\u0001'.repeat(8192) },
  }));
  const agents = Array.from({ length: 40 }, () => ({
    ...{ ...nested, ...known, liveProcesses: 1000, members },
  }));
  const lines = agentLines(agents);
  t.equal(lines[0]?.members?.length, MAX_MEMBERS);
  t.equal(lines[0]?.members?.[0]?.sinceNs, '1', 'the oldest first');
  const all = lines.reduce((sum, line) => sum + (line.members?.length ?? 0), 0);
  t.equal(all, MAX_ALL_MEMBERS);
  t.equal(lines.at(-1)?.members?.length, 0);
  t.equal(lines.at(-1)?.processes, 1000);
  t.ok(JSON.stringify(lines).length < 30 * 1024 * 1024, 'a client takes 32 MiB');
});
