import t from 'tap';
import type { Agent, HandOffLink } from '../../../src/agent/index.js';
import { BypassDetector } from '../../../src/bypass/index.js';
import type { ProcessInfo } from '../../../src/event/index.js';
import { originAt, settings } from '../../helpers/events.js';

const SECOND = 1_000_000_000n;
const agent: Agent = {
  info: { id: 'acme/pay/bot', name: 'bot', session: 's-1', assurance: 'asserted' },
  root: { tgid: 100, startNs: 5n },
  governance: { proxy: 'none', sdk: 'none', exempt: [] },
  evidence: [],
  unsure: false,
  origin: originAt(),
  bootstrap: false,
};
const child: ProcessInfo = {
  pid: 900,
  startNs: 7n,
  ppid: 7,
  uid: 0,
  exe: '/usr/bin/curl',
  argv: ['curl'],
  argvTruncated: false,
  cwd: '/',
  chain: [],
  bootstrap: false,
};
const link: HandOffLink = {
  asker: agent,
  askedBy: { tgid: 101, startNs: 6n },
  via: '/run/docker.sock',
  relay: { tgid: 7, startNs: 1n },
  relayExe: '/usr/bin/dockerd',
  askedNs: 10n * SECOND,
  evidence: ['pid 101 of acme/pay/bot asked over /run/docker.sock'],
};
const ranAt = originAt(10n * SECOND + 250_000_000n);

t.test('hand-off: what somebody else ran after an ask is suspected, and says why', async (t) => {
  const findings = new BypassDetector(settings()).handOff(link, child, ranAt);
  t.match(findings, [
    {
      kind: 'finding',
      claim: 'detected',
      severity: 'medium',
      agent: agent.info,
      process: child,
      origin: ranAt,
      finding: {
        rule: 'lineage.handoff',
        summary: 'suspected: bot had /usr/bin/curl run by /usr/bin/dockerd over /run/docker.sock',
        waitedMs: 250,
      },
    },
  ]);
  t.same(findings[0]?.finding.evidence, [
    ...link.evidence,
    '/usr/bin/dockerd (pid 7) ran /usr/bin/curl 250 ms after the ask',
  ]);
});

t.test(
  'hand-off: unmeasured when another ask may have been lost since, and only then',
  async (t) => {
    const claim = (ring: 'network' | 'lifecycle' | 'payload', atNs: bigint) => {
      const detector = new BypassDetector(settings());
      detector.lost(ring, atNs);
      return detector.handOff(link, child, ranAt)[0]?.claim;
    };
    t.equal(claim('network', 10n * SECOND), 'unmeasured');
    t.equal(claim('lifecycle', 10n * SECOND), 'unmeasured');
    t.equal(claim('network', 10n * SECOND - 1n), 'detected', 'before the ask');
    t.equal(claim('payload', 10n * SECOND), 'detected', 'an ask is in no payload');
  },
);

t.test('overflow: processes that cannot be followed are counted, with their agent', async (t) => {
  const detector = new BypassDetector(settings());
  t.match(detector.overflow(agent, 3n, ranAt), [
    {
      kind: 'self_finding',
      severity: 'high',
      claim: 'detected',
      agent: agent.info,
      finding: {
        rule: 'lineage.overflow',
        summary: '3 processes of bot could not be followed: the table of lineages was full',
      },
    },
  ]);
  const [unknown] = detector.overflow(null, 1n, ranAt);
  t.match(unknown, { agent: null, finding: { summary: /^1 process of agents could not/ } });
  t.same(detector.overflow(agent, 0n, ranAt), [], 'nothing was lost');
});
