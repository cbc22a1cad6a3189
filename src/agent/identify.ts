import type { AgentInfo, AgentRule, Governance, PipelineSettings } from '../event/index.js';
import { basename, matchRule } from './rule-match.js';
import { recognise } from './signature.js';
import { sessionOf } from './session.js';
import { SIGNATURES } from './signatures/index.js';
import type { Subject } from './subject.js';

export interface Identity {
  readonly info: AgentInfo;
  readonly governance: Governance;
  /** One observation a line. */
  readonly evidence: readonly string[];
  /** A fact that a rule asked for never came: that no rule matches is not certain. */
  readonly unsure: boolean;
}

export type Identification =
  | { readonly who: 'agent'; readonly identity: Identity }
  | { readonly who: 'stranger' }
  | { readonly who: 'unknown'; readonly needs: 'user' | 'process' };

const STRANGER: Identification = { who: 'stranger' };

/**
 * Rules first, in their order, then signatures. `final`: nothing more will come; a condition that could not be checked
 * does not match.
 */
export function identify(
  subject: Subject,
  settings: PipelineSettings,
  final: boolean,
): Identification {
  if (subject.exeTruncated && !final) return { who: 'unknown', needs: 'process' };
  let unsure = false;
  for (const rule of settings.rules) {
    const match = matchRule(rule, subject);
    if (match === 'yes') return { who: 'agent', identity: byRule(rule, subject, settings) };
    if (match === 'no') continue;
    if (!final) return { who: 'unknown', needs: match };
    unsure = true;
  }
  const found = settings.signatures ? signatureOf(subject) : null;
  if (found === null) return STRANGER;
  if (subject.user === null && !final) return { who: 'unknown', needs: 'user' };
  return { who: 'agent', identity: bySignature(found, subject, settings, unsure) };
}

interface Found {
  readonly name: string;
  readonly evidence: string;
}

function signatureOf({ exe, argv }: Subject): Found | null {
  for (const signature of SIGNATURES) {
    const evidence = recognise(signature, exe, argv);
    if (evidence !== null) return { name: signature.name, evidence };
  }
  return null;
}

function byRule(rule: AgentRule, subject: Subject, settings: PipelineSettings): Identity {
  const found = settings.signatures ? signatureOf(subject) : null;
  return {
    info: {
      id: rule.id,
      name: found?.name ?? basename(rule.id),
      session: sessionOf(settings.bootId, subject.key),
      assurance: 'asserted',
    },
    governance: rule.governance,
    evidence: [
      `rule ${rule.id}: ${Object.keys(rule.match).join(', ')}`,
      `executable ${subject.exe}`,
      ...(found === null ? [] : [found.evidence]),
    ],
    unsure: false,
  };
}

const bySignature = (
  found: Found,
  subject: Subject,
  settings: PipelineSettings,
  unsure: boolean,
): Identity => ({
  info: {
    id: `unregistered/${subject.user ?? `uid-${subject.uid}`}/${found.name}`,
    name: found.name,
    session: sessionOf(settings.bootId, subject.key),
    assurance: 'recognised',
  },
  governance: settings.defaultGovernance,
  evidence: [found.evidence],
  unsure,
});
