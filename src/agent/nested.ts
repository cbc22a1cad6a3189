import type { AgentDescent, AgentLink, AgentRule, PipelineSettings } from '../event/index.js';
import type { Agent, Birth } from './decision.js';
import { byRule, bySignature, type Identity, runningOfSubject } from './identify.js';
import { isInherited, matchRule, type Need } from './rule-match.js';
import type { Image } from './running.js';
import { findSignature, type Found, nameOfImage } from './signature.js';
import { AGENTS } from './signatures/index.js';
import type { Subject } from './subject.js';

export type Nested =
  /** It stays what the lineage is. */
  | { readonly is: 'same' }
  /** The lineage's own agent, and now a rule names it: its launcher had none. */
  | { readonly is: 'named'; readonly identity: Identity }
  | { readonly is: 'other'; readonly identity: Identity };

/** Where something runs: whose lineage, and the images that lead to it, nearest first, up to the agent's root. */
export interface Place {
  readonly current: Agent;
  readonly above: readonly Image[];
}

/** What is known of the program by its looks, and of those above it. */
interface Looks {
  readonly found: Found | null;
  /** It was started by the same program, with nothing between: a launcher and its binary, a program that runs itself again. */
  readonly continues: boolean;
  /** There is a known agent above it. */
  readonly isBelowAgent: boolean;
}

const SAME: Nested = { is: 'same' };

/**
 * Does another agent begin with this image, inside the lineage of one? Another one's rule says so, or a signature with
 * another name, or the same one's when something foreign started it.
 */
export function judgeNested(
  subject: Subject,
  place: Place,
  settings: PipelineSettings,
  final: boolean,
): Nested | { readonly needs: Need } {
  if (subject.exeTruncated && !final) return { needs: 'process' };
  const looks = looksAt(subject, place, settings);
  const { current } = place;
  const { continues, found } = looks;
  if (continues && current.info.assurance !== 'recognised') return SAME;
  let unsure = false;
  for (const rule of settings.rules) {
    const match = matchInside(rule, subject, current);
    if (match === 'no') continue;
    if (match === 'yes') return byItsRule(rule, subject, looks, place, settings);
    if (!final) return { needs: match };
    unsure = true;
  }
  if (found === null || continues) return SAME;
  if (subject.user === null && !final) return { needs: 'user' };
  const identity = bySignature(found, subject, settings, unsure);
  return { is: 'other', identity: below(identity, current, false, current.governance) };
}

/** The identity of an agent that another one started. */
export const below = (
  identity: Identity,
  parent: Agent,
  handedOff: boolean,
  governance = identity.governance,
): Identity => ({
  ...identity,
  governance,
  info: { ...identity.info, under: descentFrom(parent, handedOff) },
});

export function descentFrom({ info }: Agent, handedOff: boolean): AgentDescent {
  const parent: AgentLink = { id: info.id, session: info.session };
  const { root = parent, depth = 0 } = info.under ?? {};
  return { parent, root, depth: depth + 1, handedOff };
}

function byItsRule(
  rule: AgentRule,
  subject: Subject,
  { found, continues, isBelowAgent }: Looks,
  { current }: Place,
  settings: PipelineSettings,
): Nested {
  const isSameId = rule.id === current.info.id;
  // What a rule about accounts or units says of everything there is no second agent; a second known program is.
  if (isSameId && (found === null || continues || !isBelowAgent)) return SAME;
  const identity = byRule(rule, subject, settings);
  if (!continues) return { is: 'other', identity: below(identity, current, false) };
  const { under, session } = current.info;
  const info = { ...identity.info, session, ...(under === undefined ? {} : { under }) };
  return { is: 'named', identity: { ...identity, info } };
}

function looksAt(subject: Subject, { above }: Place, settings: PipelineSettings): Looks {
  const found = settings.signatures ? findSignature(AGENTS, runningOfSubject(subject)) : null;
  if (found === null) return { found, continues: false, isBelowAgent: false };
  const [nearest, ...others] = above.map((image) => nameOfImage(AGENTS, image));
  const continues = nearest === found.name;
  return { found, continues, isBelowAgent: [nearest, ...others].some((name) => name !== null) };
}

/** A rule that only says what every child has from the agent's root says nothing of the child. */
function matchInside(rule: AgentRule, subject: Subject, { info, birth }: Agent) {
  if (!isInherited(rule) || !isUnchanged(rule, subject, birth)) return matchRule(rule, subject);
  return rule.id === info.id ? 'yes' : 'no';
}

/** What is not known of the agent's root is taken to be as it was. */
function isUnchanged({ match }: AgentRule, subject: Subject, birth: Birth | undefined): boolean {
  if (birth === undefined) return true;
  const { env } = subject;
  const isMoved =
    birth.cgroupId !== null && subject.cgroupId !== null && subject.cgroupId !== birth.cgroupId;
  if (match.user !== undefined && subject.uid !== birth.uid) return false;
  if ((match.cgroup !== undefined || match.unit !== undefined) && isMoved) return false;
  return Object.keys(match.env ?? {}).every(
    (name) => env !== null && env[name] === birth.env[name],
  );
}
