import t from 'tap';
import {
  WfExecFlag,
  WfKind,
  WfVerdict,
  WF_FD_RELAY,
  WF_TUPLE,
} from '../../../src/decode/layout.gen.js';
import type { AgentRule, Input, ProcessKey, SocketsFact, Value } from '../../../src/event/index.js';
import { Pipeline } from '../../../src/pipeline.js';
import { settings } from '../../helpers/events.js';
import { batch, processFact } from '../../helpers/pipeline-steps.js';
import { batchOf, execRecord, type HeaderFields, record, seedRecord } from '../../helpers/wire.js';

const S = 1_000_000_000n;
const bot: ProcessKey = { tgid: 100, startNs: 1_000n };
const tool: ProcessKey = { tgid: 150, startNs: 1_500n };
const stranger: ProcessKey = { tgid: 200, startNs: 2_000n };
const { PENDING, AGENT } = WfVerdict;
const ruleOf = (name: string): AgentRule => ({
  id: `acme/pay/${name}`,
  match: { exe: [`*/${name}`] },
  governance: { proxy: 'none', sdk: 'none', exempt: [] },
});

let seq = 0n;
const at = (bootNs: bigint, key: ProcessKey, more: HeaderFields = {}): HeaderFields => ({
  ...{ key, root: key, verdict: AGENT, bootNs, seq: (seq += 1n) },
  ...more,
});
const named = ({ tgid, startNs }: ProcessKey): Uint8Array => {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, startNs, true);
  view.setUint32(8, tgid, true);
  return new Uint8Array(view.buffer);
};
const tuple = (): Uint8Array => {
  const view = new DataView(new ArrayBuffer(WF_TUPLE.SIZE));
  view.setUint16(WF_TUPLE.family, 2, true);
  view.setUint8(WF_TUPLE.protocol, 6);
  view.setUint16(WF_TUPLE.src_port, 4000, true);
  view.setUint16(WF_TUPLE.dst_port, 443, true);
  view.setUint32(WF_TUPLE.dst, 0x0a0071cb, true);
  return new Uint8Array(view.buffer);
};

/** `about`: whom the header names. */
const relay = (bootNs: bigint, about: ProcessKey, parts: Record<string, ProcessKey>): Input =>
  batch(
    record(WfKind.FD_RELAY, WF_FD_RELAY, {
      header: at(bootNs, about),
      fields: {
        ...{ cookie: 77n, tuple: tuple(), comm: Buffer.from('helper') },
        ...Object.fromEntries(Object.entries(parts).map(([name, key]) => [name, named(key)])),
      },
    }),
  );

/** Two agents of rules of their own. */
const scene = () => {
  const pipeline = new Pipeline(settings({ rules: [ruleOf('bot'), ruleOf('tool')] }));
  for (const [key, path] of [
    [bot, '/opt/bot'],
    [tool, '/opt/tool'],
  ] as const) {
    const asks = { path, flags: WfExecFlag.ASKS_VERDICT };
    pipeline.step(batch(execRecord(asks, at(1n, key, { verdict: PENDING }))));
  }
  const findings = (...inputs: Input[]): (Value & { kind: 'finding' })[] =>
    inputs
      .flatMap((input) => pipeline.step(input).values)
      .filter((value): value is Value & { kind: 'finding' } => value.kind === 'finding');
  const tick = (bootNs: bigint): Input => ({ input: 'tick', bootNs, wallNs: 0n });
  return { pipeline, findings, tick };
};

t.test("an agent's connection that nobody's uses is a finding about the agent", (t) => {
  const { findings, tick } = scene();
  const sides = { opener: bot, opener_root: bot, user: stranger };
  t.same(findings(relay(10n * S, bot, sides), tick(11n * S)), [], 'it may turn out whose it is');
  t.match(findings(tick(13n * S)), [
    {
      ...{ agent: { id: 'acme/pay/bot' }, process: { pid: 100 } },
      finding: { rule: 'bypass.fd_relay', summary: /used by helper/ },
    },
  ]);
  t.same(findings(tick(20n * S)), [], 'once');
  t.end();
});

t.test('between two agents it is about the one that uses it', (t) => {
  const { findings, tick } = scene();
  const sides = { opener: bot, opener_root: bot, user: tool, user_root: tool };
  t.match(findings(relay(10n * S, tool, sides), tick(13n * S)), [
    { claim: 'detected', agent: { id: 'acme/pay/tool' }, process: { pid: 150 } },
  ]);
  t.end();
});

t.test('within one lineage it is nothing', (t) => {
  const { findings, tick, pipeline } = scene();
  const sides = { opener: bot, opener_root: bot, user: bot, user_root: bot };
  t.same(findings(relay(10n * S, bot, sides), tick(13n * S)), []);
  t.match(pipeline.snapshot().activity.passed, { kin: 1, relays: 0 });
  t.end();
});

t.test('a connection from before the sensors had no opener that could be seen', (t) => {
  const connection = {
    ...({ family: 'ipv4', srcIp: '10.0.0.2' } as const),
    ...{ srcPort: 4000, dstIp: '203.113.0.10', dstPort: 443 },
  };
  const told = (fact: Pick<SocketsFact, 'gone' | 'connections'> | null): string[] => {
    const { pipeline, findings, tick } = scene();
    const seeds = { input: 'seeds', bytes: new Uint8Array() } as const;
    pipeline.step(seeds);
    if (fact !== null) {
      pipeline.step({ input: 'fact', fact: { fact: 'sockets', key: bot, ...fact } });
    }
    const sides = { user: bot, user_root: bot };
    return findings(relay(10n * S, bot, sides), tick(13n * S)).map(({ claim }) => claim);
  };
  t.same(told({ gone: false, connections: [connection] }), []);
  t.same(told({ gone: false, connections: [{ ...connection, srcPort: 4001 }] }), ['detected']);
  t.same(told(null), ['detected'], 'nothing of it was there before');
  t.end();
});

t.test('too many at once are judged at once, and of nobody nothing is said', (t) => {
  const { findings, tick, pipeline } = scene();
  const sides = { opener: bot, opener_root: bot, user: stranger };
  let said = 0;
  for (let i = 0; i < 4100; i += 1) said += findings(relay(10n * S, bot, sides)).length;
  t.equal(said, 4);
  t.equal(findings(tick(13n * S)).length, 4096);
  t.match(pipeline.snapshot().activity.passed, { hurried: 4, waiting: 0, relays: 4100 });
  t.end();
});

t.test('of two that belong to no agent nothing is said', (t) => {
  const { findings, tick, pipeline } = scene();
  const sides = { opener: stranger, user: { tgid: 201, startNs: 2_001n } };
  t.same(findings(relay(10n * S, bot, sides), tick(13n * S)), []);
  t.match(pipeline.snapshot().activity.passed, { unattributed: 1, relays: 0, waiting: 0 });
  t.end();
});

t.test('until it is known what an adopted process had open, nothing is certain of it', (t) => {
  const connection = {
    ...({ family: 'ipv4', srcIp: '10.0.0.2' } as const),
    ...{ srcPort: 4001, dstIp: '203.113.0.10', dstPort: 443 },
  };
  const told = (answer: Pick<SocketsFact, 'gone' | 'connections'> | null) => {
    const pipeline = new Pipeline(settings({ rules: [ruleOf('bot')] }));
    const bytes = batchOf(seedRecord({ key: bot, parent: { tgid: 1, startNs: 1n } }));
    pipeline.step({ input: 'seeds', bytes });
    const step = pipeline.step(processFact(bot, { exe: '/opt/bot' }));
    t.match(
      step.commands.filter((command) => command.do === 'look_up_sockets'),
      [{ key: bot }],
    );
    if (answer !== null) {
      pipeline.step({ input: 'fact', fact: { fact: 'sockets', key: bot, ...answer } });
    }
    pipeline.step(relay(10n * S, bot, { user: bot, user_root: bot }));
    const { values } = pipeline.step({ input: 'tick', bootNs: 13n * S, wallNs: 0n });
    return values.filter(({ kind }) => kind === 'finding').map(({ claim }) => claim);
  };
  t.same(told(null), ['unmeasured']);
  t.same(told({ gone: true, connections: [] }), ['unmeasured'], 'it ended first');
  t.same(told({ gone: false, connections: [connection] }), ['detected'], 'that one was not there');
  t.end();
});
