import t from 'tap';
import { Pipeline, type Step } from '../../../src/pipeline.js';
import { WfExecFlag, WfVerdict } from '../../../src/decode/layout.gen.js';
import type { AgentRule, Input, ProcessKey } from '../../../src/event/index.js';
import { settings } from '../../helpers/events.js';
import { at, batch, find, root } from '../../helpers/pipeline-steps.js';
import {
  countersOf,
  execRecord,
  exitRecord,
  flowOpenRecord,
  flowStateRecord,
  forkRecord,
  type HeaderFields,
  renameRecord,
  wireHeadRecord,
} from '../../helpers/wire.js';
import { clientHello } from '../flow/wire.js';

/** What processes look like, what is said of them when somebody asks, and of what is not seen. */

const child: ProcessKey = { tgid: 101, startNs: 2_000n };
const { PENDING, WATCHED } = WfVerdict;
const asks = { flags: WfExecFlag.ASKS_VERDICT };
const bot: AgentRule = {
  id: 'acme/pay/bot',
  match: { exe: ['*/bot'] },
  governance: { proxy: 'none', sdk: 'none', exempt: [] },
};

const rulesIn = (step: Step): string[] => find(step, 'finding').map(({ finding }) => finding.rule);

function withBot(rule: AgentRule = bot): Pipeline {
  const pipeline = new Pipeline(settings({ rules: [rule] }));
  pipeline.step(batch(execRecord({ path: '/opt/bot', ...asks }, at(1n, { verdict: PENDING }))));
  return pipeline;
}

t.test('an interpreter under another name is a finding about who runs it', async (t) => {
  const pipeline = withBot();
  const ran = pipeline.step(
    batch(
      forkRecord(child, at(2n)),
      execRecord({ path: '/tmp/nginx', size: 9 }, at(3n, { key: child })),
    ),
  );
  const [question] = ran.commands.filter(({ do: what }) => what === 'look_up_image');
  t.match(question, { path: '/tmp/nginx', through: child });
  if (question?.do !== 'look_up_image') return;
  const { image } = question;
  const told = pipeline.step({
    input: 'fact',
    fact: { fact: 'image', image, gone: false, buildId: 'ab', kind: 'python', twin: null },
  });
  t.same(rulesIn(told), ['agent.masquerade']);
  t.match(find(told, 'finding'), [{ agent: { id: 'acme/pay/bot' }, process: { pid: 101 } }]);
});

t.test('a rule that names the file of an agent says how that is called', async (t) => {
  const seen = (rule: AgentRule): string[] => {
    const pipeline = new Pipeline(settings({ rules: [rule] }));
    const ran = pipeline.step(
      batch(execRecord({ path: '/opt/bot', size: 9, ...asks }, at(1n, { verdict: PENDING }))),
    );
    const [question] = ran.commands.filter(({ do: what }) => what === 'look_up_image');
    if (question?.do !== 'look_up_image') return ['nobody asked'];
    const { image } = question;
    return rulesIn(
      pipeline.step({
        input: 'fact',
        fact: { fact: 'image', image, gone: false, buildId: 'ab', kind: 'shell', twin: null },
      }),
    );
  };
  t.same(seen(bot), []);
  t.same(seen({ ...bot, match: { argv: ['*bot*'] } }), ['agent.masquerade']);
});

t.test('who calls itself like a system service is told of', async (t) => {
  const pipeline = withBot();
  t.same(rulesIn(pipeline.step(batch(renameRecord('bot', 'sshd', at(2n))))), ['agent.masquerade']);
  t.same(rulesIn(pipeline.step(batch(renameRecord('bot', 'bot-worker', at(3n))))), []);
});

t.test('how a process ended is told as wait(2) has it', async (t) => {
  const pipeline = withBot();
  const ended = pipeline.step(
    batch(forkRecord(child, at(2n)), exitRecord(9, at(3n, { key: child }))),
  );
  t.match(find(ended, 'exit'), [{ code: null, signal: 9 }]);
  t.match(find(pipeline.step(batch(exitRecord(0x300, at(4n)))), 'exit'), [
    { code: 3, signal: null },
  ]);
});

t.test('what an agent asks a resolver is told', async (t) => {
  const pipeline = withBot();
  const head = Buffer.from('000101000001000000000000', 'hex');
  const name = Buffer.from('\x03api\x07example\0\0\x01\0\x01', 'latin1');
  const tuple = { src: '10.0.0.2', srcPort: 5353, dst: '10.0.0.1', dstPort: 53, protocol: 17 };
  const bytes = new Uint8Array(Buffer.concat([head, name]));
  const asked = pipeline.step(batch(wireHeadRecord({ cookie: 9n, tuple, bytes }, at(2n))));
  t.match(find(asked, 'dns'), [{ question: 'api.example', type: 'A' }]);
});

t.test('a session an agent opens is told with the name it asks for', async (t) => {
  const pipeline = withBot();
  const tuple = { src: '10.0.0.2', srcPort: 40_000, dst: '203.0.113.10', dstPort: 443 };
  const bytes = new Uint8Array(clientHello({ sni: 'api.example', alpn: ['h2'] }));
  const step = pipeline.step(
    batch(
      flowOpenRecord(9n, tuple, at(2n)),
      flowStateRecord({ cookie: 9n, tuple, from: 2, to: 1 }, at(3n)),
      wireHeadRecord({ cookie: 9n, tuple, bytes }, at(4n)),
    ),
  );
  t.match(find(step, 'tls_session'), [{ tls: { sni: 'api.example', alpn: ['h2'] } }]);
});

t.test('connections from before the sensors are told of as unseen', async (t) => {
  const pipeline = withBot();
  const connection = { family: 'ipv6', srcIp: '::1', srcPort: 5, dstIp: '2001:db8::1' } as const;
  const sockets = (key: ProcessKey): Input => ({
    input: 'fact',
    fact: { fact: 'sockets', key, gone: false, connections: [{ ...connection, dstPort: 443 }] },
  });
  const v4 = { family: 'ipv4', srcIp: '10.0.0.1', srcPort: 6, dstIp: '192.0.2.1' } as const;
  const both = pipeline.step({
    input: 'fact',
    fact: { fact: 'sockets', key: root, gone: false, connections: [{ ...v4, dstPort: 8443 }] },
  });
  t.match(find(both, 'coverage')[0]?.coverage.reason, /192\.0\.2\.1:8443$/);
  const [coverage] = find(pipeline.step(sockets(root)), 'coverage');
  t.match(coverage?.coverage, {
    state: 'blind',
    reason: 'connected_before_start: [2001:db8::1]:443',
  });
  t.same(pipeline.step(sockets({ tgid: 9, startNs: 9n })).values, [], 'of nobody');
});

t.test('processes the kernel had no room for are a finding with their number', async (t) => {
  const pipeline = withBot();
  const step = pipeline.step({
    input: 'batch',
    bytes: new Uint8Array(),
    drained: true,
    counters: countersOf(1, [{ ring: 0, cpu: 0, emitted: 1, tableFull: 7 }]),
  });
  const [finding] = find(step, 'self_finding');
  t.equal(finding?.finding.rule, 'lineage.overflow');
  t.match(finding?.finding.evidence.join(' '), /7/);
});

t.test('what is asked about a process is answered', async (t) => {
  const pipeline = withBot();
  const fact = (key: ProcessKey, exe: string) =>
    ({ fact: 'process', key, gone: false, exe, argv: [exe], uid: 5, cwd: '/' }) as const;
  t.same(pipeline.keyOfPid(100), root);
  t.equal(pipeline.keyOfPid(4711), null);
  t.same(
    pipeline.members(root).map(({ pid }) => pid),
    [100],
  );
  const own = pipeline.explain(fact(root, '/opt/bot'));
  t.equal(own?.agent?.info.id, 'acme/pay/bot');
  t.match(
    own?.lines.find(({ kind }) => kind === 'rule'),
    { what: 'acme/pay/bot', matched: true },
  );
  const container = { id: 'c', runtime: 'docker', podUid: '', image: '' };
  const foreign = pipeline.explain({
    ...fact({ tgid: 4711, startNs: 8n }, '/usr/bin/python3'),
    ...{ argv: ['python3', 'x.py'], container, nsPid: 3 },
  });
  t.equal(foreign?.agent, null);
  t.match(foreign?.process, { pid: 4711, uid: 5, program: '/x.py', nsPid: 3, container });
  t.ok(foreign?.lines.every(({ matched }) => !matched));
  const gone = { fact: 'process', key: { tgid: 5, startNs: 5n }, gone: true } as const;
  t.equal(pipeline.explain(gone), null);
  const names = pipeline.environment();
  t.ok(names.values.includes('LD_PRELOAD') && names.marks.includes('CLAUDECODE'));
});

t.test('only the latest visitors are remembered', async (t) => {
  const pipeline = withBot();
  const visit = (tgid: number): void => {
    const key = { tgid, startNs: 1n };
    pipeline.step({ input: 'fact', fact: { fact: 'process', key, gone: false, exe: '/x' } });
  };
  for (let tgid = 1000; tgid <= 1064; tgid += 1) visit(tgid);
  const ask = (tgid: number): Step =>
    pipeline.step({
      input: 'registration',
      registration: { key: { tgid, startNs: 1n }, uid: 1, agent: 'a/b/c', name: null, at: 1n },
    });
  t.match(ask(1064).reply, { ok: true });
  t.equal(pipeline.snapshot().agents.length, 2);
});

t.test('of a watched interpreter only its latest deeds are kept', async (t) => {
  const options = { rules: [], inference: true, modelHosts: ['api.example'] };
  const pipeline = new Pipeline(settings(options));
  const python = { path: '/usr/bin/python3.11', argv: ['python3', 'w.py'], ...asks };
  pipeline.step(batch(execRecord(python, at(1n, { verdict: PENDING }))));
  const watched = (bootNs: bigint, key = root): HeaderFields =>
    at(bootNs, { key, verdict: WATCHED });
  pipeline.step(batch(forkRecord(child, watched(2n))));
  t.equal(pipeline.snapshot().watched.events, 1);
  pipeline.step(batch(execRecord({ path: '/bin/ls' }, watched(3n, child))));
  const tuple = { src: '10.0.0.2', srcPort: 40_000, dst: '198.51.100.7', dstPort: 443 };
  for (let cookie = 1n; cookie <= 300n; cookie += 1n) {
    const one = { ...tuple, srcPort: 1000 + Number(cookie) };
    pipeline.step(
      batch(
        flowOpenRecord(cookie, one, watched(10n + cookie)),
        flowStateRecord({ cookie, tuple: one, from: 2, to: 1 }, watched(10n + cookie)),
      ),
    );
  }
  const { events, forgotten } = pipeline.snapshot().watched;
  t.same([events, forgotten], [256, 345]);
  const step = pipeline.step(
    batch(wireHeadRecord({ cookie: 300n, tuple, bytes: new Uint8Array(4) }, watched(400n))),
  );
  t.same(step.values, [], 'a first packet that names nobody');
  const again = pipeline.step(
    batch(
      execRecord({ path: '/opt/@openai/codex/codex', ...asks }, at(500n, { verdict: PENDING })),
    ),
  );
  t.equal(pipeline.snapshot().watched.roots, 0, 'another program in its place');
  t.ok(again.commands.some(({ do: what }) => what === 'look_up_user'));
});

t.test('a watched process that is asked about for itself is left out of the watch', async (t) => {
  const pipeline = new Pipeline(settings({ rules: [bot], inference: true, modelHosts: [] }));
  const python = { path: '/usr/bin/python3.11', argv: ['python3', 'w.py'], ...asks };
  pipeline.step(batch(execRecord(python, at(1n, { verdict: PENDING }))));
  pipeline.step(batch(forkRecord(child, at(2n, { verdict: WATCHED }))));
  const own = { key: child, root: child, verdict: PENDING };
  const step = pipeline.step(batch(execRecord({ path: '/opt/bot', ...asks }, at(3n, own))));
  t.match(find(step, 'agent'), [{ process: { pid: 101 } }]);
  pipeline.step(batch(exitRecord(0, at(4n, { verdict: WATCHED }))));
  t.equal(pipeline.snapshot().watched.roots, 0);
  t.equal(pipeline.snapshot().agents.length, 1);
});
