import type { HandOffLink } from '../../agent/index.js';
import type { FindingValue, Origin, ProcessInfo } from '../../event/index.js';
import { makeFinding, waitedMs } from '../judgement.js';
import type { LostEvidence } from '../lost-evidence.js';

const RULE = 'lineage.handoff';

/**
 * Somebody outside the lineage of an agent ran something after the agent had asked for work: cron, at, systemd, a bus, a
 * container engine, or any listener at a unix socket. Only suspected: it may have had another reason. Unmeasured when
 * records were lost since the ask: a newer ask of another agent may have been among them.
 */
export function judgeHandOff(
  link: HandOffLink,
  child: ProcessInfo,
  origin: Origin,
  lost: LostEvidence,
): FindingValue {
  const { asker, via, relay, relayExe, askedNs } = link;
  const doubts = (['network', 'lifecycle'] as const)
    .filter((ring) => lost.since(ring, askedNs))
    .map((ring) => `records of the ${ring} ring were lost meanwhile`);
  const delayMs = waitedMs(askedNs, origin.bootNs);
  const ran = child.exe === '' ? `pid ${child.pid}` : child.exe;
  return makeFinding({
    agent: asker,
    process: child,
    origin,
    part: `${RULE}:${child.pid}:${child.startNs}`,
    claim: doubts.length === 0 ? 'detected' : 'unmeasured',
    severity: 'medium',
    finding: {
      rule: RULE,
      summary: `suspected: ${asker.info.name} had ${ran} run by ${relayExe} over ${via}`,
      evidence: [
        ...link.evidence,
        `${relayExe} (pid ${relay.tgid}) ran ${ran} ${delayMs} ms after the ask`,
        ...doubts,
      ],
      expected: "a process of the agent's own lineage",
      waitedMs: delayMs,
    },
  });
}
