import t from 'tap';
import type { Agent } from '../../../src/agent/index.js';
import { BypassDetector, type BypassStep } from '../../../src/bypass/index.js';
import type {
  Governance,
  GovernanceRecord,
  ListenerFact,
  NetInfo,
  ProcessInfo,
} from '../../../src/event/index.js';
import type { Flow, FlowChange } from '../../../src/flow/index.js';
import { originAt, settings } from '../../helpers/events.js';

const SECOND = 1_000_000_000n;
const key = { tgid: 100, startNs: 5n };
const process: ProcessInfo = {
  pid: 100,
  startNs: 5n,
  ppid: 1,
  uid: 1000,
  exe: '/opt/agent',
  argv: ['agent'],
  argvTruncated: false,
  cwd: '/',
  chain: [],
  bootstrap: false,
};
const agentWith = (governance: Partial<Governance> = {}, more: Partial<Agent> = {}): Agent => ({
  info: { id: 'acme/pay/bot', name: 'bot', session: 's-1', assurance: 'asserted' },
  root: key,
  governance: { proxy: 'required', sdk: 'none', exempt: ['loopback', 'dns'], ...governance },
  evidence: ['rule acme/pay/bot'],
  unsure: false,
  origin: originAt(),
  bootstrap: false,
  ...more,
});
const net: NetInfo = {
  proto: 'tcp',
  family: 'ipv4',
  srcIp: '10.0.0.2',
  srcPort: 40_000,
  dstIp: '203.0.113.10',
  dstPort: 443,
  host: '203.0.113.10',
  hostSource: 'address',
  result: 'established',
};
const NETNS = 4_026_531_840;
let flows = 0;
const flowTo = (more: Partial<NetInfo> = {}): Flow => ({
  id: `flow-${(flows += 1)}`,
  cookie: BigInt(flows),
  key,
  root: key,
  net: { ...net, ...more },
  netns: NETNS,
  openedNs: 0n,
  pending: false,
  origin: originAt(),
  closed: false,
});
const proxy = { listen: '127.0.0.1:8899', user: 'aa-proxy', exe: '/usr/bin/aa-proxy' };

class Scene {
  readonly detector: BypassDetector;
  constructor(readonly agent: Agent) {
    this.detector = new BypassDetector(settings({ proxies: [proxy] }));
  }
  on(change: FlowChange): BypassStep {
    return this.detector.flow(change, this.agent, process);
  }
  settle(flow: Flow): BypassStep {
    return this.on({ change: 'settled', flow, origin: originAt() });
  }
  hello(flow: Flow, sni: string | null): BypassStep {
    return this.on({ change: 'hello', flow, origin: originAt(), index: 0, sni, alpn: [] });
  }
  rules(bootNs: bigint): string[] {
    return rulesOf(this.detector.tick(bootNs));
  }
}
const rulesOf = ({ findings }: BypassStep): string[] => findings.map(({ finding }) => finding.rule);
const DIRECT = 'bypass.direct_egress';
const UNDECLARED = 'bypass.undeclared_llm_call';
const listener = (owner: ListenerFact['owner']): ListenerFact => ({
  fact: 'listener',
  listen: proxy.listen,
  netns: NETNS,
  near: key,
  seen: true,
  owner,
});
const pinned = { uid: 5, user: 'aa-proxy', exe: '/usr/bin/aa-proxy' };

t.test('direct egress: a flow around the proxy is found, once', (t) => {
  const scene = new Scene(agentWith());
  const flow = flowTo();
  t.strictSame(rulesOf(scene.settle(flow)), [], 'its name may come');
  const { findings } = scene.hello(flow, 'Site.Example.');
  t.match(findings, [
    {
      claim: 'detected',
      severity: 'high',
      part: DIRECT,
      net: { host: 'site.example', hostSource: 'sni', srcPort: 40_000 },
      tls: { sni: 'Site.Example.' },
      finding: { rule: DIRECT, expected: 'a flow to a trusted proxy (127.0.0.1:8899)' },
    },
  ]);
  t.ok(findings[0]?.finding.evidence.includes('name site.example by sni'));
  t.strictSame(scene.rules(9n * SECOND), []);
  t.strictSame(rulesOf(scene.hello(flow, 'other.example')), [], 'one finding for one flow');
  t.end();
});

t.test('direct egress: without a name the window decides, a failed flow does at once', (t) => {
  const scene = new Scene(agentWith());
  scene.settle(flowTo());
  t.strictSame(scene.rules(2n * SECOND - 1n), []);
  const { findings } = scene.detector.tick(2n * SECOND);
  t.match(findings, [{ claim: 'detected', finding: { rule: DIRECT, waitedMs: 2000 } }]);
  t.match(findings[0]?.net, { host: '203.0.113.10', hostSource: 'address' });
  const failed = scene.settle(flowTo({ result: 'failed', error: 'ECONNREFUSED' }));
  t.match(failed.findings[0]?.finding.evidence[0], /failed \(ECONNREFUSED\)/);
  t.strictSame(rulesOf(scene.settle(flowTo({ host: 'a.example', hostSource: 'dns' }))), [DIRECT]);
  t.end();
});

t.test('direct egress: silent on what governance allows', (t) => {
  const silent = (governance: Partial<Governance>, to: Partial<NetInfo>, sni?: string): void => {
    const scene = new Scene(agentWith(governance));
    const flow = flowTo(to);
    const rules = [...rulesOf(scene.settle(flow))];
    if (sni !== undefined) rules.push(...rulesOf(scene.hello(flow, sni)));
    rules.push(...scene.rules(9n * SECOND));
    t.strictSame(rules, [], JSON.stringify([governance, to, sni]));
  };
  silent({ proxy: 'optional' }, {});
  silent({ proxy: 'none' }, {});
  silent({}, { dstIp: '127.8.9.1' });
  silent({}, { dstIp: '::1', family: 'ipv6' });
  silent({}, { dstIp: '0.0.0.0' });
  silent({}, { proto: 'udp', dstPort: 53, result: 'open' });
  silent({ exempt: ['203.0.113.0/24'] }, {});
  silent({ exempt: ['203.0.113.10'] }, {});
  silent({ exempt: ['2001:db8::/32'] }, { dstIp: '2001:db8:1::7', family: 'ipv6' });
  silent({ exempt: ['443'] }, {});
  silent({ exempt: ['*.Corp.example'] }, {}, 'git.corp.example');
  silent({ exempt: ['git.corp.example'] }, { host: 'git.corp.example', hostSource: 'dns' });
  t.end();
});

t.test('direct egress: an exemption covers no more than it says', (t) => {
  const fires = (exempt: string[], to: Partial<NetInfo>): void => {
    const scene = new Scene(agentWith({ exempt }));
    scene.settle(flowTo(to));
    t.strictSame(scene.rules(9n * SECOND), [DIRECT], JSON.stringify([exempt, to]));
  };
  fires(['203.0.113.0/29'], {});
  fires(['203.0.113.0/33'], {});
  fires(['::/0'], {});
  fires(['loopback'], { dstIp: '128.0.0.1' });
  fires([], { dstIp: '127.0.0.1' });
  fires(['443'], { dstPort: 4430 });
  fires(['*.corp.example'], {});
  t.end();
});

t.test('direct egress: the proxy is trusted by who listens there, not by its address', (t) => {
  const scene = new Scene(agentWith({ exempt: [] }));
  const toProxy = { dstIp: '127.0.0.1', dstPort: 8899 };
  const first = scene.settle(flowTo(toProxy));
  t.strictSame(first.commands, [
    { do: 'look_up_listener', listen: proxy.listen, netns: NETNS, near: key },
  ]);
  t.strictSame(scene.settle(flowTo(toProxy)).commands, [], 'one question at a time');
  t.strictSame(rulesOf(scene.detector.fact(listener(pinned))), []);
  t.strictSame(scene.settle(flowTo(toProxy)).commands, [], 'believed for a moment');
  t.strictSame(scene.rules(9n * SECOND), []);
  t.equal(scene.settle(flowTo(toProxy)).commands.length, 1, 'but not for long');

  for (const owner of [null, { ...pinned, user: 'mallory' }, { ...pinned, exe: '/tmp/aa-proxy' }]) {
    const fake = new Scene(agentWith({ exempt: [] }));
    fake.settle(flowTo(toProxy));
    fake.detector.fact(listener(owner));
    const { findings } = fake.detector.tick(2n * SECOND);
    t.match(findings, [{ claim: 'detected', finding: { rule: DIRECT } }]);
    t.ok(findings[0]?.finding.evidence.includes('whoever listens there is not the pinned proxy'));
  }
  t.end();
});

t.test('direct egress: unmeasured when what could have excused it was lost', (t) => {
  const lostName = new Scene(agentWith({ exempt: ['*.corp.example'] }));
  lostName.settle(flowTo());
  lostName.detector.lost('network', SECOND);
  t.match(lostName.detector.tick(2n * SECOND).findings, [{ claim: 'unmeasured' }]);

  const noNameMatters = new Scene(agentWith({ exempt: ['loopback', '10.0.0.0/8'] }));
  noNameMatters.settle(flowTo());
  noNameMatters.detector.lost('network', SECOND);
  t.match(noNameMatters.detector.tick(2n * SECOND).findings, [{ claim: 'detected' }]);

  const otherRing = new Scene(agentWith({ exempt: ['*.corp.example'] }));
  otherRing.settle(flowTo());
  otherRing.detector.lost('payload', SECOND);
  t.match(otherRing.detector.tick(2n * SECOND).findings, [{ claim: 'detected' }]);

  const unanswered = new Scene(agentWith({ exempt: [] }));
  unanswered.settle(flowTo({ dstIp: '127.0.0.1', dstPort: 8899 }));
  t.match(unanswered.detector.tick(2n * SECOND).findings, [{ claim: 'unmeasured' }]);
  t.end();
});

t.test('undeclared call: a model host nobody declared is found after the window', (t) => {
  const sdk = () => new Scene(agentWith({ proxy: 'none', sdk: 'required' }));
  const byHello = sdk();
  const flow = flowTo();
  byHello.settle(flow);
  t.strictSame(rulesOf(byHello.hello(flow, 'api.model.example')), [], 'a record may come');
  t.match(byHello.detector.tick(2n * SECOND).findings, [
    {
      claim: 'detected',
      severity: 'high',
      part: `${UNDECLARED}:api.model.example`,
      net: { host: 'api.model.example', hostSource: 'sni' },
      finding: { rule: UNDECLARED, waitedMs: 2000 },
    },
  ]);
  t.strictSame(byHello.rules(9n * SECOND), [], 'once for a flow and host');

  const byName = sdk();
  byName.settle(flowTo({ host: 'x.models.example', hostSource: 'dns' }));
  t.strictSame(byName.rules(2n * SECOND), [UNDECLARED]);

  const byConnect = sdk();
  byConnect.settle({
    ...flowTo({ dstIp: '127.0.0.1', dstPort: 3128 }),
    connectTarget: { host: 'api.model.example', port: 443 },
  });
  t.strictSame(byConnect.rules(2n * SECOND), [UNDECLARED], 'through a proxy that is not ours');

  const byRequest = sdk();
  const inside = flowTo();
  byRequest.settle(inside);
  const http = {
    method: 'POST',
    host: 'api.model.example',
    path: '/v1',
    status: 0,
    version: '1.1',
  };
  byRequest.detector.request(inside, http, { library: 'openssl' });
  t.match(byRequest.detector.tick(2n * SECOND).findings, [
    { http: { path: '/v1' }, tls: { library: 'openssl' }, net: { hostSource: 'http_host' } },
  ]);

  const byAddress = new BypassDetector(settings({ modelHosts: ['203.0.113.10'] }));
  const governed = agentWith({ proxy: 'none', sdk: 'required' });
  byAddress.flow({ change: 'settled', flow: flowTo(), origin: originAt() }, governed, process);
  t.strictSame(rulesOf(byAddress.tick(2n * SECOND)), [UNDECLARED]);
  t.end();
});

t.test(
  'undeclared call: silent when nothing is required, the call failed, or somebody declared it',
  (t) => {
    const named = { host: 'api.model.example', hostSource: 'dns' } as const;
    const sdk = { proxy: 'none', sdk: 'required' } as const;
    const quiet = (governance: Partial<Governance>, to: Partial<NetInfo>): void => {
      const scene = new Scene(agentWith(governance));
      scene.settle(flowTo({ ...named, ...to }));
      t.strictSame(scene.rules(9n * SECOND), [], JSON.stringify([governance, to]));
    };
    quiet({ proxy: 'none', sdk: 'optional' }, {});
    quiet(sdk, { result: 'failed' });
    quiet(sdk, { host: 'models.example' });
    quiet({ ...sdk, exempt: ['api.model.example'] }, {});

    const throughProxy = new Scene(agentWith());
    throughProxy.settle({
      ...flowTo({ dstIp: '127.0.0.1', dstPort: 8899 }),
      connectTarget: { host: 'api.model.example', port: 443 },
    });
    throughProxy.detector.fact(listener(pinned));
    t.strictSame(throughProxy.rules(9n * SECOND), []);

    const record: GovernanceRecord = {
      layer: 'sdk',
      agent: null,
      process: key,
      action: 'llm',
      host: 'api.model.example',
      port: null,
      tool: null,
      span: null,
      at: SECOND,
      validForMs: 1000,
    };
    const declared = (more: Partial<GovernanceRecord>, root = key): string[] => {
      const scene = new Scene(agentWith(sdk));
      scene.settle(flowTo(named));
      scene.detector.declare({ ...record, ...more }, root);
      return scene.rules(2n * SECOND);
    };
    t.strictSame(declared({}), []);
    t.strictSame(declared({ at: 2n * SECOND }), [], 'as late as the window');
    t.strictSame(declared({ host: null }), []);
    t.strictSame(declared({ process: null, agent: 'acme/pay/bot' }), []);
    t.strictSame(
      declared({ process: { tgid: 7, startNs: 7n } }),
      [],
      'another process of the lineage',
    );
    t.strictSame(declared({ at: 3n * SECOND }), [UNDECLARED], 'too late');
    t.strictSame(declared({ at: -2n * SECOND }), [UNDECLARED], 'no longer valid');
    t.strictSame(declared({ host: 'other.example' }), [UNDECLARED]);
    t.strictSame(declared({ port: 80 }), [UNDECLARED]);
    t.strictSame(declared({ action: 'exec' }), [UNDECLARED]);
    t.strictSame(declared({ agent: 'acme/pay/other' }), [UNDECLARED]);
    t.strictSame(declared({ agent: null, process: null }), [UNDECLARED], 'about nobody');
    const stranger = { tgid: 7, startNs: 7n };
    t.strictSame(declared({ process: stranger }, stranger), [UNDECLARED], 'another lineage');
    t.end();
  },
);

t.test('undeclared call: unmeasured when records were lost meanwhile', (t) => {
  for (const ring of ['network', 'payload'] as const) {
    const scene = new Scene(agentWith({ proxy: 'none', sdk: 'required' }));
    scene.settle(flowTo({ host: 'api.model.example', hostSource: 'dns' }));
    scene.detector.lost(ring, SECOND);
    t.match(scene.detector.tick(2n * SECOND).findings, [{ claim: 'unmeasured' }]);
  }
  const unanswered = new Scene(agentWith());
  unanswered.settle({
    ...flowTo({ dstIp: '127.0.0.1', dstPort: 8899 }),
    connectTarget: { host: 'api.model.example', port: 443 },
  });
  t.match(unanswered.detector.tick(2n * SECOND).findings, [{ claim: 'unmeasured' }]);
  const before = new Scene(agentWith({ proxy: 'none', sdk: 'required' }));
  before.detector.lost('network', SECOND);
  const later = {
    ...flowTo({ host: 'api.model.example', hostSource: 'dns' }),
    openedNs: 2n * SECOND,
  };
  before.on({ change: 'settled', flow: later, origin: originAt(2n * SECOND) });
  t.match(before.detector.tick(4n * SECOND).findings, [{ claim: 'detected' }], 'lost before it');
  t.end();
});

t.test(
  'unregistered agent: found, silent on a registered one, unmeasured when a rule was not checked',
  (t) => {
    const recognised = {
      id: 'unregistered/alice/codex',
      name: 'codex',
      session: 's',
      assurance: 'recognised',
    } as const;
    const { detector } = new Scene(agentWith());
    t.match(detector.agent(agentWith({}, { info: recognised }), process), [
      {
        claim: 'detected',
        severity: 'medium',
        agent: recognised,
        finding: { rule: 'agent.unregistered', evidence: ['rule acme/pay/bot'] },
      },
    ]);
    t.strictSame(detector.agent(agentWith(), process), []);
    const unsure = detector.agent(agentWith({}, { info: recognised, unsure: true }), process);
    t.match(unsure, [{ claim: 'unmeasured' }]);
    t.end();
  },
);

t.test('a closed flow is forgotten after the window, an open one stays', (t) => {
  const scene = new Scene(agentWith());
  const flow = flowTo();
  scene.settle(flow);
  scene.settle(flowTo());
  scene.on({ change: 'closed', flow, origin: originAt(SECOND) });
  t.strictSame(scene.rules(2n * SECOND), [DIRECT, DIRECT], 'a closed flow is still judged');
  scene.rules(3n * SECOND);
  t.equal(scene.detector.stats().cases, 1);
  t.end();
});

t.test('tables are bounded and count what they gave up', (t) => {
  const scene = new Scene(agentWith({ exempt: ['443'] }));
  for (let n = 0; n < 16_390; n += 1) scene.settle(flowTo());
  t.match(scene.detector.stats(), { cases: 16_384, casesEvicted: 6 });
  t.end();
});
