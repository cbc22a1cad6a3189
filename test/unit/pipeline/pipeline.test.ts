import t from 'tap';
import { Pipeline, type Step } from '../../../src/pipeline.js';
import { WfExecFlag, WfVerdict } from '../../../src/decode/layout.gen.js';
import type { AgentRule, Input, PipelineSettings, ProcessKey } from '../../../src/event/index.js';
import {
  batchOf,
  countersOf,
  execRecord,
  exitRecord,
  flowOpenRecord,
  flowStateRecord,
  forkRecord,
  type HeaderFields,
  seedRecord,
  tlsDataRecord,
  tlsFreeRecord,
  tlsSendRecord,
  utf8,
  wireHeadRecord,
} from '../../helpers/wire.js';
import { settings } from '../../helpers/events.js';
import {
  SECOND,
  at,
  batch,
  doing,
  find,
  processFact,
  root,
  tick,
} from '../../helpers/pipeline-steps.js';

const child: ProcessKey = { tgid: 101, startNs: 2_000n };
const { PENDING, AGENT, STRANGER } = WfVerdict;
const bot: AgentRule = {
  id: 'acme/pay/bot',
  match: { exe: ['*/bot'] },
  governance: { proxy: 'required', sdk: 'none', exempt: ['loopback', 'dns'] },
};
const asks = { flags: WfExecFlag.ASKS_VERDICT };
const tuple = { src: '10.0.0.2', srcPort: 40_000, dst: '203.0.113.10', dstPort: 443 };

const pipelineOf = (more: Partial<PipelineSettings> = {}) =>
  new Pipeline(settings({ rules: [bot], ...more }));
const kinds = ({ values }: Step): string[] => values.map((value) => value.kind);

const startBot = (pipeline: Pipeline): Step =>
  pipeline.step(batch(execRecord({ path: '/opt/bot', ...asks }, at(1n, { verdict: PENDING }))));

t.test('an exec that a rule knows becomes an agent at once, verdict first', (t) => {
  const step = startBot(pipelineOf());
  t.strictSame(kinds(step), ['agent', 'exec']);
  t.match(step.commands[0], { do: 'verdict', root, verdict: 'agent' });
  t.match(step.values[1], {
    agent: { id: 'acme/pay/bot', assurance: 'asserted' },
    process: { pid: 100, exe: '/opt/bot', chain: [], bootstrap: false },
    origin: { ring: 'lifecycle', bootNs: 1n },
    class: 'activity',
    claim: 'observed',
  });
  t.end();
});

t.test('a stranger leaves nothing but its verdict and what frees it', (t) => {
  const pipeline = pipelineOf();
  const step = pipeline.step(
    batch(execRecord({ path: '/usr/bin/vim', ...asks }, at(1n, { verdict: PENDING }))),
  );
  t.strictSame(step.values, []);
  t.strictSame(step.commands, [
    { do: 'verdict', root, verdict: 'stranger' },
    { do: 'release', root, members: [root] },
  ]);
  const late = pipeline.step(batch(forkRecord(child, at(2n, { verdict: STRANGER }))));
  t.strictSame(late, { values: [], commands: [] }, 'what was under way asks nothing again');
  const pending = pipeline.step(batch(forkRecord(child, at(2n, { verdict: PENDING }))));
  t.strictSame(pending, { values: [], commands: [] });
  const again = pipeline.step(
    batch(execRecord({ path: '/opt/bot', ...asks }, at(3n, { verdict: PENDING }))),
  );
  t.strictSame(kinds(again), ['agent', 'exec'], 'a new image is a new question');
  t.end();
});

t.test('what a pending root does is held, then told in order or dropped unread', (t) => {
  const rule: AgentRule = { ...bot, match: { exe: ['*/sh'], user: ['bot'] } };
  const play = (user: string): { held: Step; settled: Step; pipeline: Pipeline } => {
    const pipeline = pipelineOf({ rules: [rule] });
    const pending = { verdict: PENDING };
    const held = pipeline.step(
      batch(
        execRecord({ path: '/bin/sh', ...asks }, at(1n, pending)),
        forkRecord(child, at(2n, pending)),
        execRecord({ path: '/usr/bin/curl', parent: root }, at(3n, { ...pending, key: child })),
        flowOpenRecord(1n, tuple, at(4n, { ...pending, key: child })),
        flowStateRecord({ cookie: 1n, tuple, from: 2, to: 1 }, at(5n, { ...pending, key: child })),
        exitRecord(0, at(6n, { ...pending, key: root })),
      ),
    );
    const settled = pipeline.step({ input: 'fact', fact: { fact: 'user', uid: 1000, user } });
    return { held, settled, pipeline };
  };
  const agent = play('bot');
  t.strictSame(agent.held, { values: [], commands: [{ do: 'look_up_user', uid: 1000 }] });
  t.strictSame(kinds(agent.settled), ['agent', 'exec', 'exec', 'flow', 'exit']);
  t.match(find(agent.settled, 'flow')[0], {
    process: { pid: 101, exe: '/usr/bin/curl', chain: [{ pid: 100, exe: '/bin/sh' }] },
    net: { dstIp: '203.0.113.10', srcPort: 40_000, result: 'established' },
  });
  t.equal(agent.pipeline.snapshot().agents[0]?.liveProcesses, 1, 'the child outlives the root');
  const stranger = play('alice');
  t.strictSame(stranger.settled.values, []);
  t.strictSame(doing(stranger.settled, 'release')[0]?.members, [child]);
  t.equal(stranger.pipeline.snapshot().foreignEvents, 6);
  t.match(stranger.pipeline.snapshot().held, { roots: 0, events: 0 });
  t.end();
});

t.test('without a verdict in a second a root is a stranger, and it is counted', (t) => {
  const pipeline = pipelineOf({ rules: [{ ...bot, match: { unit: ['x'] } }] });
  pipeline.step(batch(execRecord({ path: '/bin/x', ...asks }, at(1n, { verdict: PENDING }))));
  t.strictSame(pipeline.step(tick(SECOND)).commands, []);
  t.match(pipeline.step(tick(SECOND + 1n)).commands, [{ verdict: 'stranger' }, { do: 'release' }]);
  t.equal(pipeline.snapshot().registry.verdictTimeouts, 1);
  t.end();
});

t.test('a hold that overflows becomes a gap of the agent', (t) => {
  const pipeline = pipelineOf({ rules: [{ ...bot, match: { user: ['bot'] } }] });
  pipeline.step(batch(execRecord({ path: '/bin/sh', ...asks }, at(1n, { verdict: PENDING }))));
  const forks = Array.from({ length: 5000 }, (_, n) =>
    forkRecord({ tgid: 1000 + n, startNs: 9n }, at(2n, { verdict: PENDING })),
  );
  pipeline.step(batch(...forks));
  const step = pipeline.step({ input: 'fact', fact: { fact: 'user', uid: 1000, user: 'bot' } });
  t.match(find(step, 'gap'), [
    { gap: { stage: 'hold', cause: 'table_full', count: 905n }, agent: { id: bot.id } },
  ]);
  t.equal(pipeline.snapshot().held.dropped, 905);
  t.end();
});

t.test('a root whose exec was lost is asked about and not left pending', (t) => {
  const pipeline = pipelineOf();
  const step = pipeline.step(batch(forkRecord(child, at(1n, { verdict: PENDING }))));
  t.match(step.commands, [{ do: 'look_up_process', key: root }]);
  const answer = pipeline.step(processFact(root, { exe: '/opt/bot', argv: ['bot', '-x'], uid: 7 }));
  t.match(answer.values, [
    { kind: 'agent', process: { exe: '/opt/bot', argv: ['bot', '-x'], uid: 7 } },
  ]);
  t.equal(pipeline.snapshot().agents[0]?.liveProcesses, 2);
  t.end();
});

t.test('a lineage ends with its last process and is then released', (t) => {
  const pipeline = pipelineOf();
  startBot(pipeline);
  pipeline.step(batch(forkRecord(child, at(2n))));
  const first = pipeline.step(batch(exitRecord(0x300, at(3n))));
  t.match(find(first, 'exit'), [{ code: 3, signal: null }]);
  t.strictSame(doing(first, 'release'), []);
  const last = pipeline.step(batch(exitRecord(9, at(4n, { key: child }))));
  t.match(find(last, 'exit'), [{ code: null, signal: 9, process: { pid: 101 } }]);
  t.strictSame(doing(last, 'release'), [{ do: 'release', root, members: [] }]);
  t.strictSame(pipeline.snapshot().agents, []);
  const late = pipeline.step(
    batch(
      flowOpenRecord(1n, tuple, at(3n, { key: child })),
      flowStateRecord({ cookie: 1n, tuple, from: 2, to: 1 }, at(3n, { key: child })),
    ),
  );
  t.match(find(late, 'flow'), [{ process: { pid: 101 } }], 'late events are still its own');
  t.end();
});

const request =
  'POST /v1/messages?key=1 HTTP/1.1\r\nHost: api.model.example\r\nContent-Length: 0\r\n\r\n';
const response = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const tls = (
  bytes: string,
  direction: 'write' | 'read',
  call: bigint,
  more: HeaderFields,
  cookie = 0n,
) => tlsDataRecord({ ssl: 7n, call, direction, bytes: utf8(bytes), cookie }, more);
const openFlow = (ns: bigint, more: HeaderFields = {}): Uint8Array[] => [
  flowOpenRecord(1n, tuple, at(ns, more)),
  flowStateRecord({ cookie: 1n, tuple, from: 2, to: 1 }, at(ns + 1n, more)),
];

t.test('plaintext of a tied session becomes one http record, and names its flow', (t) => {
  const pipeline = pipelineOf();
  startBot(pipeline);
  pipeline.step(batch(...openFlow(10n)));
  const asked = pipeline.step(batch(tls(request, 'write', 1n, at(20n), 1n)));
  t.match(find(asked, 'finding'), [
    {
      finding: { rule: 'bypass.direct_egress' },
      net: { host: 'api.model.example' },
      http: { method: 'POST' },
    },
  ]);
  t.strictSame(find(asked, 'http'), [], 'its response may come');
  const answered = pipeline.step(batch(tls(response, 'read', 2n, at(30n), 1n)));
  t.match(find(answered, 'http'), [
    {
      origin: { bootNs: 20n },
      http: { method: 'POST', host: 'api.model.example', path: '/v1/messages?key=1', status: 200 },
      net: { srcPort: 40_000, host: 'api.model.example', hostSource: 'http_host' },
      tls: { coverage: 'plaintext' },
    },
  ]);
  t.end();
});

t.test('an exchange waits for its tie two seconds and for its response ten', (t) => {
  const tied = pipelineOf();
  startBot(tied);
  tied.step(batch(...openFlow(10n)));
  tied.step(batch(tls(request, 'write', 1n, at(20n)), tls(response, 'read', 2n, at(30n))));
  const send = { ssl: 7n, call: 1n, cookie: 1n, plain: request.length, sent: request.length + 22 };
  tied.step(batch(tlsSendRecord(send, at(21n))));
  const after = tied.step(tick(SECOND));
  t.match(find(after, 'http'), [{ net: { srcPort: 40_000 }, http: { status: 200 } }]);

  const untied = pipelineOf();
  startBot(untied);
  untied.step(batch(tls(request, 'write', 1n, at(20n)), tls(response, 'read', 2n, at(30n))));
  t.strictSame(find(untied.step(tick(2n * SECOND)), 'http'), []);
  t.match(find(untied.step(tick(2n * SECOND + 20n)), 'http'), [
    { net: null, http: { status: 200 } },
  ]);

  const silent = pipelineOf();
  startBot(silent);
  silent.step(batch(...openFlow(10n), tls(request, 'write', 1n, at(20n), 1n)));
  t.strictSame(find(silent.step(tick(10n * SECOND)), 'http'), []);
  t.match(find(silent.step(tick(10n * SECOND + 20n)), 'http'), [{ http: { status: 0 } }]);

  for (const end of [
    tlsFreeRecord(7n, at(40n)),
    exitRecord(0, at(40n)),
    execRecord({ path: '/opt/bot' }, at(40n)),
  ]) {
    const ended = pipelineOf();
    startBot(ended);
    ended.step(batch(...openFlow(10n), tls(request, 'write', 1n, at(20n), 1n)));
    const http = [
      ...find(ended.step(batch(end)), 'http'),
      ...find(ended.step(tick(3n * SECOND)), 'http'),
    ];
    t.match(http, [{ http: { status: 0 }, net: { srcPort: 40_000 } }], 'its end is soon enough');
    t.equal(http.length, 1);
  }
  t.end();
});

t.test('two requests in one record are two records with different names', (t) => {
  const pipeline = pipelineOf();
  startBot(pipeline);
  pipeline.step(batch(...openFlow(10n), tls(request + request, 'write', 1n, at(20n), 1n)));
  const step = pipeline.step(batch(tls(response + response, 'read', 2n, at(30n), 1n)));
  t.strictSame(
    find(step, 'http').map(({ part }) => part),
    ['http:1', 'http:2'],
  );
  t.end();
});

t.test('DNS questions are records, exempt from the proxy', (t) => {
  const pipeline = pipelineOf();
  startBot(pipeline);
  const dns = { dst: '10.0.0.53', dstPort: 53, protocol: 17 };
  const question = Buffer.from(
    '00010100000100000000000003617069056d6f64656c076578616d706c650000010001',
    'hex',
  );
  const step = pipeline.step(
    batch(
      flowOpenRecord(5n, dns, at(10n)),
      wireHeadRecord({ cookie: 5n, tuple: dns, bytes: question }, at(11n)),
    ),
  );
  t.match(find(step, 'dns'), [{ question: 'api.model.example', type: 'A', net: { dstPort: 53 } }]);
  t.strictSame(find(pipeline.step(tick(9n * SECOND)), 'finding'), []);
  t.end();
});

t.test('what the SDK declared, and who listens at the proxy, reaches the rules', (t) => {
  const proxy = { listen: '203.0.113.10:443', user: 'proxy', exe: '/usr/bin/proxy' };
  const pipeline = pipelineOf({ proxies: [proxy], modelHosts: ['203.0.113.10'] });
  startBot(pipeline);
  pipeline.step({
    input: 'governance',
    record: {
      layer: 'sdk',
      agent: null,
      process: root,
      action: 'llm',
      host: '203.0.113.10',
      port: 443,
      tool: null,
      span: null,
      at: 1n,
      validForMs: 60_000,
    },
  });
  const opened = pipeline.step(
    batch(
      flowOpenRecord(1n, { ...tuple, srcPort: 0 }, at(2n, { verdict: AGENT })),
      flowStateRecord({ cookie: 1n, tuple, from: 2, to: 1 }, at(3n, { verdict: AGENT })),
    ),
  );
  const [question] = doing(opened, 'look_up_listener');
  t.match(question, { listen: proxy.listen, near: root });
  const { listen = '', netns = 0, near = root } = question ?? {};
  const owner = { uid: 0, user: 'root', exe: '/tmp/fake' };
  pipeline.step({
    input: 'fact',
    fact: { fact: 'listener', listen, netns, near, seen: true, owner },
  });
  const findings = [1n, 2n, 3n, 4n].flatMap((n) =>
    find(pipeline.step(tick(n * SECOND)), 'finding'),
  );
  t.strictSame(
    findings.map(({ finding }) => finding.rule),
    ['bypass.direct_egress'],
    'a fake proxy governs nothing, and the call was declared',
  );
  t.end();
});

t.test('losses become gaps, and what they may have hidden is unmeasured', (t) => {
  const pipeline = pipelineOf({
    rules: [{ ...bot, governance: { ...bot.governance, exempt: ['*.corp.example'] } }],
  });
  startBot(pipeline);
  pipeline.step(batch(...openFlow(10n)));
  const counters = countersOf(1, [{ cpu: 0, ring: 1, emitted: 0, fault: 2 }]);
  const step = pipeline.step({ input: 'batch', bytes: new Uint8Array(), drained: false, counters });
  t.match(find(step, 'gap'), [
    {
      gap: { ring: 'network', cause: 'fault', count: 2n, stage: 'ring' },
      claim: 'unmeasured',
      agent: null,
    },
  ]);
  t.match(find(pipeline.step(tick(3n * SECOND)), 'finding'), [{ claim: 'unmeasured' }]);
  t.end();
});

t.test('after lifecycle records were lost the living are looked for, and the gone let go', (t) => {
  const pipeline = pipelineOf();
  startBot(pipeline);
  pipeline.step(batch(forkRecord(child, at(2n))));
  const counters = countersOf(1, [{ cpu: 0, ring: 0, emitted: 0, fault: 1 }]);
  const lost = pipeline.step({ input: 'batch', bytes: new Uint8Array(), drained: false, counters });
  t.strictSame(
    doing(lost, 'look_up_process').map(({ key }) => key),
    [root, child],
  );
  pipeline.step({ input: 'fact', fact: { fact: 'process', key: child, gone: true } });
  t.equal(pipeline.snapshot().agents[0]?.liveProcesses, 2, 'its exit may be in a ring');
  pipeline.step(batch());
  t.equal(pipeline.snapshot().agents[0]?.liveProcesses, 1);
  pipeline.step({ input: 'fact', fact: { fact: 'process', key: root, gone: true } });
  t.match(pipeline.step(batch()).commands, [{ do: 'release', root }]);
  t.end();
});

t.test('processes that existed before are adopted with their descendants', (t) => {
  const pipeline = pipelineOf();
  pipeline.step(tick(SECOND));
  const shell: ProcessKey = { tgid: 50, startNs: 9n };
  const seeds = batchOf(
    seedRecord({ key: root, parent: { tgid: 1, startNs: 1n } }),
    seedRecord({ key: child, parent: root }),
    seedRecord({ key: shell, parent: { tgid: 1, startNs: 1n } }),
  );
  const asked = pipeline.step({ input: 'seeds', bytes: seeds });
  t.equal(doing(asked, 'look_up_process').length, 3);
  const found = pipeline.step(processFact(root, { exe: '/opt/bot', argv: ['bot'], user: 'alice' }));
  t.match(found.values, [{ kind: 'agent', process: { bootstrap: true, exe: '/opt/bot' } }]);
  t.match(found.commands.slice(0, 2), [
    { do: 'verdict', root, verdict: 'agent' },
    { do: 'adopt', key: root, root },
  ]);
  const member = pipeline.step(processFact(child, { exe: '/bin/sh' }));
  t.match(member.commands[0], { do: 'adopt', key: child, root });
  t.strictSame(pipeline.step(processFact(shell, { exe: '/bin/bash' })), {
    values: [],
    commands: [],
  });
  t.equal(pipeline.snapshot().processes.processes, 2, 'the others are forgotten');
  const next = pipeline.step(
    batch(execRecord({ path: '/usr/bin/curl', parent: root }, at(SECOND, { key: child }))),
  );
  t.match(find(next, 'exec'), [{ process: { chain: [{ pid: 100, exe: '/opt/bot' }] } }]);
  t.end();
});

t.test('a shadow agent raises its finding once for a session', (t) => {
  const pipeline = pipelineOf({ rules: [] });
  const codex = { path: '/x/@openai/codex/codex', argv: ['codex'] };
  pipeline.step(batch(execRecord({ ...codex, ...asks }, at(1n, { verdict: PENDING }))));
  const step = pipeline.step({ input: 'fact', fact: { fact: 'user', uid: 1000, user: 'alice' } });
  t.match(find(step, 'finding'), [
    { finding: { rule: 'agent.unregistered' }, agent: { id: 'unregistered/alice/codex' } },
  ]);
  const again = pipeline.step(batch(execRecord(codex, at(2n))));
  t.strictSame(kinds(again), ['exec'], 'an agent that executes itself again stays what it is');
  t.end();
});

t.test('the account balances: emitted = delivered + dropped', (t) => {
  const pipeline = pipelineOf();
  const counters = countersOf(1, [{ cpu: 0, ring: 0, emitted: 3, ringFull: 1, payloadAgent: 5 }]);
  const records = batchOf(exitRecord(0, { seq: 0n }), exitRecord(0, { seq: 2n }));
  pipeline.step({ input: 'batch', bytes: records, drained: true, counters });
  const { accounting } = pipeline.snapshot();
  t.match(accounting, {
    rings: [{ emitted: 3, delivered: 2, dropped: 1, residual: 0 }],
    payloadBytesAgent: 5,
  });
  const next = pipeline.restart(settings());
  t.strictSame(next.snapshot().accounting, accounting, 'it goes on with other settings');
  t.end();
});

t.test('unreadable bytes are counted by reason', (t) => {
  const pipeline = pipelineOf();
  t.strictSame(
    pipeline.step({ input: 'batch', bytes: new Uint8Array(9), drained: true, counters: null }),
    {
      values: [],
      commands: [],
    },
  );
  t.strictSame(pipeline.snapshot().invalid, { short_header: 1 });
  t.end();
});

t.test('the same inputs give the same values and commands, byte for byte', (t) => {
  const inputs: Input[] = [
    tick(1n),
    batch(execRecord({ path: '/opt/bot', ...asks }, at(2n, { verdict: PENDING }))),
    processFact(root, { container: { id: 'c-1', runtime: '', podUid: '', image: '' } }),
    batch(forkRecord(child, at(3n)), execRecord({ path: '/usr/bin/curl' }, at(4n, { key: child }))),
    batch(...openFlow(10n, { key: child })),
    batch(
      tls(request, 'write', 1n, at(20n, { key: child }), 1n),
      tls(response, 'read', 2n, at(21n, { key: child }), 1n),
    ),
    batch(exitRecord(0, at(30n, { key: child })), exitRecord(0, at(31n))),
    tick(3n * SECOND),
    tick(40n * SECOND),
  ];
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? `${one}n` : one));
  const run = (): string => {
    const pipeline = pipelineOf();
    return text([inputs.map((input) => pipeline.step(input)), pipeline.snapshot()]);
  };
  const first = run();
  t.equal(run(), first);
  t.ok(first.includes('bypass.direct_egress') && first.includes('c-1'), 'and it was a real story');
  const parts = inputs
    .flatMap(
      (
        (pipeline) => (input: Input) =>
          pipeline.step(input).values
      )(pipelineOf()),
    )
    .map(({ origin, part }) => `${origin.ring}/${origin.cpu}/${origin.seq}/${part}`);
  t.equal(new Set(parts).size, parts.length, 'origin and part name a value for good');
  t.end();
});

t.test('no bytes from the kernel and no order of inputs make it throw', (t) => {
  let state = 0x2545f491;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const records = [
    execRecord({ path: '/opt/bot', ...asks }, at(1n, { verdict: PENDING })),
    forkRecord(child, at(2n, { verdict: AGENT })),
    ...openFlow(3n),
    wireHeadRecord({ cookie: 1n, tuple, bytes: utf8('CONNECT a:443 HTTP/1.1\r\n\r\n') }, at(5n)),
    tls(request, 'write', 1n, at(6n), 1n),
    tls(response, 'read', 2n, at(7n), 1n),
    tlsFreeRecord(7n, at(8n)),
    exitRecord(0, at(9n)),
  ];
  const pipeline = pipelineOf({ rules: [bot, { ...bot, match: { user: ['x'] } }] });
  let values = 0;
  for (let round = 0; round < 3000; round += 1) {
    const chosen = Array.from({ length: 1 + random(6) }, () =>
      records[random(records.length)]!.slice(),
    );
    for (const one of chosen) if (random(3) === 0) one[random(one.length)] = random(256);
    values += pipeline.step(batch(...chosen)).values.length;
    if (random(20) === 0) pipeline.step(tick(BigInt(round) * 100_000_000n));
    if (random(30) === 0) pipeline.step(processFact(root, { gone: true }));
  }
  t.ok(values > 1000);
  t.end();
});

t.test('what a killed daemon knew is gone on with', (t) => {
  const before = pipelineOf();
  const [note] = doing(startBot(before), 'remember');
  t.ok(note, 'who it is is to be remembered');
  const adopted = (text: string): Input => ({
    input: 'adopted',
    lanes: [],
    notes: [{ root, text }],
  });
  const gone = (): Input => processFact(root, { gone: true });
  const meanwhile = batch(
    forkRecord(child, at(3n)),
    execRecord({ path: '/usr/bin/curl', parent: root }, at(4n, { key: child })),
    exitRecord(0, at(5n)),
    exitRecord(0, at(6n, { key: child })),
  );

  const after = pipelineOf();
  const asked = after.step(adopted(note?.text ?? ''));
  t.strictSame(doing(asked, 'look_up_process'), [{ do: 'look_up_process', key: root, env: [] }]);
  after.step(gone());
  const step = after.step(meanwhile);
  t.strictSame(kinds(step), ['exec', 'exit', 'exit'], 'it is not announced again');
  t.match(find(step, 'exec')[0]?.agent, { id: 'acme/pay/bot', assurance: 'asserted' });
  t.strictSame(doing(step, 'release'), [{ do: 'release', root, members: [] }], 'and it has ended');

  for (const [why, text, rules] of [
    ['a rule that is no more', note?.text ?? '', []],
    ['no JSON', '{', [bot]],
    ['of another version', '{"v":2}', [bot]],
  ] as const) {
    const other = pipelineOf({ rules });
    t.strictSame(other.step(adopted(text)), { values: [], commands: [] }, why);
    t.strictSame(other.snapshot().agents, []);
  }
  t.end();
});

t.test('an agent whose end nobody saw does not live on', (t) => {
  const [note] = doing(startBot(pipelineOf()), 'remember');
  const after = pipelineOf();
  after.step({ input: 'adopted', lanes: [], notes: [{ root, text: note?.text ?? '' }] });
  after.step(processFact(root, { gone: true }));
  t.equal(after.snapshot().agents.length, 1, 'its last records may still be in the rings');
  t.strictSame(doing(after.step(batch()), 'release'), [{ do: 'release', root, members: [] }]);
  t.strictSame(after.snapshot().agents, []);
  t.end();
});
