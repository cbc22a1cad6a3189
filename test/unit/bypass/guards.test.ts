import t from 'tap';
import type { Agent } from '../../../src/agent/index.js';
import { judgeFdRelay, judgeReduced, judgeTamper } from '../../../src/bypass/index.js';
import type { FdRelayEvent, ProcessInfo } from '../../../src/event/index.js';
import { baseOf, originAt } from '../../helpers/events.js';

const key = { tgid: 100, startNs: 5n };
const stranger = { tgid: 200, startNs: 9n };
const processOf = (pid: number, exe: string): ProcessInfo => ({
  ...{ pid, startNs: pid === 100 ? 5n : 9n, ppid: 1, uid: 1000, exe, argv: [exe] },
  ...{ argvTruncated: false, cwd: '/', chain: [], bootstrap: false },
});
const process = processOf(100, '/opt/bot');
const agent: Agent = {
  info: { id: 'acme/pay/bot', name: 'bot', session: 's-1', assurance: 'asserted' },
  root: key,
  governance: { proxy: 'none', sdk: 'none', exempt: [] },
  evidence: [],
  unsure: false,
  origin: originAt(),
  bootstrap: false,
};
const base = { agent, process, origin: originAt(7n), path: '/lib/libssl.so.3', library: 'openssl' };

t.test('sensor.tamper names process, file, offsets and how many', (t) => {
  const altered = Array.from({ length: 10 }, (_, i) => ({
    offset: 16 + i,
    flaw: 'restored' as const,
  }));
  const finding = judgeTamper({ ...base, altered, checked: 12, number: 1 });
  t.match(finding, {
    ...{ kind: 'finding', claim: 'detected', severity: 'critical', processId: '100:5' },
    finding: { rule: 'sensor.tamper', summary: /^10 of 12 probes on openssl .* pid 100$/ },
  });
  t.same(finding.finding.evidence.slice(0, 2), [
    'file: /lib/libssl.so.3',
    'offset 0x10: the instruction of the file stands there again',
  ]);
  t.ok(finding.finding.evidence.includes('and 2 more'));
  const next = judgeTamper({ ...base, altered, checked: 12, number: 2 });
  t.not(next.part, finding.part, 'another one of the same process');
  t.end();
});

t.test('coverage.reduced says how often, for how long and by what', (t) => {
  const finding = judgeReduced({ ...base, callsASecond: 200_000, holdMs: 30_000, number: 1 });
  t.match(finding, {
    claim: 'detected',
    finding: { rule: 'coverage.reduced', summary: /not read for 30 s: .* 200000 times a second/ },
  });
  t.end();
});

const relay = (more: Partial<FdRelayEvent> = {}): FdRelayEvent => ({
  kind: 'fd_relay',
  ...baseOf(key),
  cookie: 77n,
  tuple: {
    ...{ family: 'ipv4', protocol: 'tcp', srcIp: '10.0.0.2', srcPort: 4000 },
    ...{ dstIp: '203.0.113.10', dstPort: 443 },
  },
  opener: { key, root: key },
  user: { key: stranger, root: null },
  comm: 'helper',
  ...more,
});

t.test('bypass.fd_relay is about the agent that opened what another uses', (t) => {
  const user = { agent: null, process: processOf(200, '') };
  const [finding] = judgeFdRelay({
    ...{ event: relay(), opener: { agent, process }, user, unsure: false },
  });
  t.match(finding, {
    ...{ claim: 'detected', severity: 'high', processId: '100:5', agent: agent.info },
    net: { dstIp: '203.0.113.10', dstPort: 443, srcPort: 4000 },
    finding: {
      rule: 'bypass.fd_relay',
      summary: 'a connection of bot to 203.0.113.10:443 was used by helper, which is not of it',
    },
  });
  t.same(finding?.finding.evidence.slice(0, 2), [
    'sent over it: pid 200 helper of no agent',
    'opened by: pid 100 /opt/bot of acme/pay/bot',
  ]);
  t.end();
});

t.test('bypass.fd_relay is about the agent that uses what another opened', (t) => {
  const user = { agent, process };
  const v6 = { ...relay().tuple, family: 'ipv6' as const, dstIp: '2001:db8::1' };
  const event = relay({ opener: null, user: { key, root: key }, tuple: v6 });
  const [finding] = judgeFdRelay({ event, opener: null, user, unsure: false });
  t.match(finding, {
    ...{ claim: 'detected', processId: '100:5' },
    finding: {
      summary: 'bot used a connection to [2001:db8::1]:443 that somebody else had opened',
    },
  });
  const [unsure] = judgeFdRelay({ event, opener: null, user, unsure: true });
  t.equal(unsure?.claim, 'unmeasured', 'what was there before is not known');
  const nobody = { agent: null, process };
  t.same(judgeFdRelay({ event, opener: nobody, user: nobody, unsure: false }), []);
  t.end();
});
