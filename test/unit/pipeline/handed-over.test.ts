import t from 'tap';
import { Pipeline, type Step } from '../../../src/pipeline.js';
import { WfExecFlag, WfVerdict } from '../../../src/decode/layout.gen.js';
import type { AgentRule, PipelineSettings, ProcessKey } from '../../../src/event/index.js';
import { settings } from '../../helpers/events.js';
import { SECOND, at, batch, doing, find, processFact, root } from '../../helpers/pipeline-steps.js';
import { execRecord, exitRecord, forkRecord, unixOpenRecord } from '../../helpers/wire.js';

/** What others run for an agent, and agents that somebody of another name becomes or starts. */

const child: ProcessKey = { tgid: 101, startNs: 2_000n };
const relay: ProcessKey = { tgid: 50, startNs: 10n };
const job: ProcessKey = { tgid: 300, startNs: 2n * SECOND + 5n };
const { PENDING, RELAY } = WfVerdict;
const asks = { flags: WfExecFlag.ASKS_VERDICT };
const governance = { proxy: 'none', sdk: 'none', exempt: [] } as const;
const bot: AgentRule = { id: 'acme/pay/bot', match: { exe: ['*/bot'] }, governance };

const pipelineOf = (more: Partial<PipelineSettings> = {}) =>
  new Pipeline(settings({ rules: [bot], ...more }));

/** An agent that has asked whoever listens there; the answer names the relay. */
function asked(path = '/run/sched.sock'): { pipeline: Pipeline; step: Step } {
  const pipeline = pipelineOf();
  const start = { path: '/opt/bot', cwd: '/srv/work', ...asks };
  pipeline.step(batch(execRecord(start, at(1n, { verdict: PENDING }))));
  const [question] = doing(
    pipeline.step(batch(unixOpenRecord({ cookie: 1n, address: path }, at(2n * SECOND)))),
    'look_up_unix_peer',
  );
  const peers = [{ key: relay, exe: '/usr/bin/sched', uid: 0 }];
  const step = pipeline.step({
    input: 'fact',
    fact: { fact: 'unix_peer', path: question?.path ?? '', netns: 0, peers },
  });
  return { pipeline, step };
}

const found = (pipeline: Pipeline, ...children: readonly ProcessKey[]): Step =>
  pipeline.step({ input: 'fact', fact: { fact: 'children', key: relay, children } });

t.test('what a relay had started before it was found out is looked for', async (t) => {
  const { pipeline, step } = asked();
  t.match(doing(step, 'look_up_children'), [{ key: relay }]);
  t.same(
    doing(found(pipeline, job, root), 'look_up_process').map(({ key }) => key),
    [job],
    'but for who is known',
  );
  const seen = pipeline.step(processFact(job, { exe: '/usr/bin/make', argv: ['make'], uid: 0 }));
  t.match(find(seen, 'agent'), [
    {
      agent: { id: 'acme/pay/bot', under: { handedOff: true } },
      process: { exe: '/usr/bin/make' },
    },
  ]);
  t.match(
    find(seen, 'finding').map(({ finding }) => finding.rule),
    ['lineage.handoff'],
  );
  t.same(doing(seen, 'adopt'), [{ do: 'adopt', key: job, root: job }]);
  t.same(pipeline.step(processFact(job, { exe: '/usr/bin/make' })).values, [], 'once');
});

t.test('a worker of the relay, one that is gone and an older one belong to nobody', async (t) => {
  const { pipeline } = asked();
  const old = { tgid: 301, startNs: 5n };
  const ended = { tgid: 302, startNs: 3n * SECOND };
  found(pipeline, job, old, ended);
  t.same(pipeline.step(processFact(job, { exe: '/usr/bin/sched', uid: 0 })).values, []);
  t.same(pipeline.step(processFact(old, { exe: '/usr/bin/make', uid: 0 })).values, []);
  t.same(pipeline.step(processFact(ended, { gone: true })).values, []);
});

t.test('a relative path is where the asker stands', async (t) => {
  const { step } = asked('sched.sock');
  t.equal(doing(step, 'watch_relay').length, 1);
  const pipeline = pipelineOf();
  const start = { path: '/opt/bot', cwd: '/srv/work', ...asks };
  pipeline.step(batch(execRecord(start, at(1n, { verdict: PENDING }))));
  const open = unixOpenRecord({ cookie: 1n, address: 'sched.sock' }, at(2n * SECOND));
  t.match(doing(pipeline.step(batch(open)), 'look_up_unix_peer'), [
    { path: '/srv/work/sched.sock' },
  ]);
});

const forked = (key: ProcessKey, bootNs: bigint) =>
  forkRecord(key, at(bootNs, { key: relay, root: relay, verdict: RELAY }));

t.test('what ends before it executes anything, or is not asked for, is let go', async (t) => {
  const { pipeline } = asked();
  const own = { key: job, root: job, verdict: PENDING };
  pipeline.step(batch(forked(job, 3n * SECOND)));
  const over = pipeline.step(batch(exitRecord(0, at(3n * SECOND + 1n, own))));
  t.match(doing(over, 'verdict'), [{ root: job, verdict: 'stranger' }]);
  const late = { tgid: 303, startNs: 60n * SECOND };
  const grandchild = { tgid: 304, startNs: 61n * SECOND };
  pipeline.step(batch(forked(late, 60n * SECOND)));
  const ran = pipeline.step(
    batch(
      forkRecord(grandchild, at(61n * SECOND, { key: late, root: late, verdict: PENDING })),
      execRecord(
        { path: '/bin/ls' },
        at(62n * SECOND, { key: grandchild, root: late, verdict: PENDING }),
      ),
    ),
  );
  t.match(doing(ran, 'verdict'), [{ root: late, verdict: 'stranger' }], 'long after the ask');
  t.same(
    pipeline.step(batch(exitRecord(0, at(1n, { key: relay, root: relay, verdict: RELAY })))).values,
    [],
  );
});

t.test('only so many children of relays are waited for', async (t) => {
  const { pipeline } = asked();
  for (let tgid = 1000; tgid <= 5096; tgid += 1) {
    pipeline.step(batch(forked({ tgid, startNs: 3n * SECOND }, 3n * SECOND)));
  }
  const { expected, refused } = pipeline.snapshot().relays;
  t.same([expected, refused], [4096, 1]);
});

const units: AgentRule = {
  id: 'acme/pay/unit',
  match: { exe: ['*/bot'], unit: ['pay'] },
  governance,
};
const real: AgentRule = { id: 'acme/pay/real', match: { exe: ['/opt/real/bot'] }, governance };

t.test(
  'an agent that a namesake becomes or starts before anybody decided is not lost',
  async (t) => {
    const pipeline = pipelineOf({ rules: [real, units] });
    const pending = { verdict: PENDING };
    pipeline.step(
      batch(
        execRecord({ path: '/tmp/bot', ...asks }, at(1n, pending)),
        forkRecord(child, at(2n, pending)),
        execRecord({ path: '/opt/real/bot' }, at(3n, { key: child, ...pending })),
        forkRecord(job, at(4n, { key: child, ...pending })),
        execRecord({ path: '/bin/ls' }, at(5n, { key: job, ...pending })),
      ),
    );
    const step = pipeline.step(
      processFact(root, { exe: '/tmp/bot', cgroup: '/system.slice/x.service' }),
    );
    t.match(find(step, 'agent'), [{ agent: { id: 'acme/pay/real' }, process: { pid: 101 } }]);
    t.same(
      find(step, 'exec').map(({ process: { exe } }) => exe),
      ['/opt/real/bot', '/bin/ls'],
    );
    const [release] = doing(step, 'release');
    t.same(release?.members, [root], 'the kernel frees the namesake alone');
  },
);

t.test('nor one whose exec was on its way when its namesake was judged', async (t) => {
  const pipeline = pipelineOf({ rules: [real] });
  const step = pipeline.step(
    batch(
      execRecord({ path: '/tmp/bot', ...asks }, at(1n, { verdict: PENDING })),
      execRecord({ path: '/bin/ls' }, at(2n, { verdict: PENDING })),
      execRecord({ path: '/opt/real/bot' }, at(3n, { verdict: PENDING })),
    ),
  );
  t.match(find(step, 'agent'), [{ agent: { id: 'acme/pay/real' } }]);
  t.same(
    step.commands
      .map(({ do: what, ...rest }) => ('verdict' in rest ? rest.verdict : what))
      .slice(0, 3),
    ['stranger', 'release', 'agent'],
    'what ends the one comes before what begins the other',
  );
});
