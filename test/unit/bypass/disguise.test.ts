import t from 'tap';
import type { Agent, DisguiseRule, Observation } from '../../../src/agent/index.js';
import { BypassDetector } from '../../../src/bypass/index.js';
import type { ProcessInfo } from '../../../src/event/index.js';
import { originAt, settings } from '../../helpers/events.js';

const key = { tgid: 100, startNs: 5n };
const process: ProcessInfo = {
  pid: 100,
  startNs: 5n,
  ppid: 1,
  uid: 1000,
  exe: '/tmp/nginx',
  argv: ['nginx'],
  argvTruncated: false,
  cwd: '/',
  chain: [],
  bootstrap: false,
};
const agent: Agent = {
  info: { id: 'acme/pay/bot', name: 'bot', session: 's-1', assurance: 'asserted' },
  root: key,
  governance: { proxy: 'none', sdk: 'none', exempt: [] },
  evidence: [],
  unsure: false,
  origin: originAt(),
  bootstrap: false,
};
const observed = (rule: DisguiseRule, more: Partial<Observation> = {}): Observation => ({
  rule,
  way: 'image',
  key,
  origin: originAt(1000n, 7n),
  summary: 'nginx is python under another name',
  evidence: ['the executed file is /tmp/nginx'],
  severity: 'high',
  needsEveryExec: false,
  ...more,
});
const RULES: readonly DisguiseRule[] = [
  'agent.masquerade',
  'exec.fileless',
  'exec.deleted',
  'exec.preload',
  'exec.stdin_script',
];

t.test('each observation is a finding of its rule, with its evidence', (t) => {
  const detector = new BypassDetector(settings());
  for (const rule of RULES) {
    const findings = detector.disguise(observed(rule), agent, process);
    t.match(findings, [
      {
        kind: 'finding',
        claim: 'detected',
        severity: 'high',
        part: `${rule}:image`,
        processId: '100:5',
        origin: { seq: 7n },
        agent: agent.info,
        finding: { rule, evidence: ['the executed file is /tmp/nginx'], waitedMs: 0 },
      },
    ]);
    t.ok(findings.every(({ finding }) => finding.expected !== ''));
  }
  const parts = ['argv0', 'image'].flatMap((way) =>
    detector
      .disguise(observed('agent.masquerade', { way }), agent, process)
      .map(({ part }) => part),
  );
  t.equal(new Set(parts).size, 2, 'two ways of one exec are two findings');
  t.end();
});

t.test('unmeasured when an exec that would explain it may have been lost', (t) => {
  const claim = (one: Observation, ring: 'lifecycle' | 'network', at: bigint): unknown => {
    const detector = new BypassDetector(settings());
    detector.lost(ring, at);
    return detector.disguise(one, agent, process)[0]?.claim;
  };
  const moved = observed('agent.masquerade', { way: 'file', needsEveryExec: true });
  t.equal(claim(moved, 'lifecycle', 1000n), 'unmeasured');
  t.equal(claim(moved, 'lifecycle', 999n), 'detected', 'lost before it');
  t.equal(claim(moved, 'network', 2000n), 'detected');
  t.equal(
    claim(observed('agent.masquerade'), 'lifecycle', 2000n),
    'detected',
    'one record says it',
  );
  t.equal(claim(observed('exec.fileless'), 'lifecycle', 2000n), 'unmeasured');
  for (const rule of ['exec.deleted', 'exec.preload', 'exec.stdin_script'] as const) {
    t.equal(claim(observed(rule), 'lifecycle', 2000n), 'detected', rule);
  }
  t.end();
});
