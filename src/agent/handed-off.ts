import type { PipelineSettings, ProcessKey } from '../event/index.js';
import type { Agent } from './decision.js';
import { birthOf, identify, type Identity } from './identify.js';
import { below } from './nested.js';
import { sessionOf } from './session.js';
import type { Subject } from './subject.js';

/** Who asked somebody else to run something, as far as is known. */
export interface Asked {
  readonly asker: Agent;
  /** The way it was asked: `cron`, `at`, a socket. */
  readonly via: string;
  readonly relayExe: string;
  readonly evidence: readonly string[];
}

/**
 * Who runs what an agent had others run. Its own rule or signature names it, as far as that is known at once; anything
 * else goes by the name of who asked, under its governance. `subject`: null when a child of the root was seen first.
 */
export function handedOffAgent(
  root: ProcessKey,
  subject: Subject | null,
  { asker, via, relayExe, evidence }: Asked,
  settings: PipelineSettings,
): Identity {
  const how = [`handed off by ${via}, run by ${relayExe}`, ...evidence];
  const own = subject === null ? null : identify(subject, settings, true);
  if (own?.who === 'agent') {
    const { identity } = own;
    const isNamed = identity.info.assurance === 'asserted';
    const whole = { ...identity, evidence: [...identity.evidence, ...how] };
    return below(whole, asker, true, isNamed ? identity.governance : asker.governance);
  }
  const { id, name } = asker.info;
  const session = sessionOf(settings.bootId, root);
  const identity: Identity = {
    info: { id, name, session, assurance: 'inferred' },
    governance: asker.governance,
    evidence: how,
    unsure: false,
    ...(subject === null ? {} : { birth: birthOf(subject) }),
  };
  return below(identity, asker, true);
}
