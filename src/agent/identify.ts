import type { AgentInfo, AgentRule, Governance, PipelineSettings } from '../event/index.js';
import type { Birth } from './decision.js';
import { basename } from './paths.js';
import { matchRule, type Need } from './rule-match.js';
import { isInterpreter, type Running, runningOf } from './running.js';
import { findSignature, type Found } from './signature.js';
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
  readonly isServer?: boolean;
  readonly birth?: Birth;
  readonly isNamedByFile?: boolean;
}

export type Identification =
  | { readonly who: 'agent'; readonly identity: Identity }
  /** `interpreter`: of what is no agent by its looks. */
  | { readonly who: 'stranger'; readonly interpreter: boolean }
  | { readonly who: 'unknown'; readonly needs: Need };

/** An answer. */
export type Known = Exclude<Identification, { readonly who: 'unknown' }>;

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
  const running = runningOfSubject(subject);
  const found = settings.signatures ? findSignature(SIGNATURES, running) : null;
  if (found === null) return { who: 'stranger', interpreter: isInterpreter(running.exe) };
  if (subject.user === null && !final) return { who: 'unknown', needs: 'user' };
  return { who: 'agent', identity: bySignature(found, subject, settings, unsure) };
}

export const runningOfSubject = ({ exe, argv, cwd }: Subject): Running => runningOf(exe, argv, cwd);

export function byRule(rule: AgentRule, subject: Subject, settings: PipelineSettings): Identity {
  const running = runningOfSubject(subject);
  const found = settings.signatures ? findSignature(SIGNATURES, running) : null;
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
      ...looksOf(subject),
      ...(found === null ? [] : [found.evidence]),
      ...hintsOf(subject),
    ],
    unsure: false,
    ...(rule.match.exe === undefined ? {} : { isNamedByFile: true }),
    birth: birthOf(subject),
  };
}

export const bySignature = (
  found: Found,
  subject: Subject,
  settings: PipelineSettings,
  unsure: boolean,
): Identity => ({
  info: {
    id: unregisteredId(subject.user, subject.uid, found.name),
    name: found.name,
    session: sessionOf(settings.bootId, subject.key),
    assurance: 'recognised',
  },
  governance: settings.defaultGovernance,
  evidence: [found.evidence, ...hintsOf(subject)],
  unsure,
  ...(found.kind === 'model-server' ? { isServer: true } : {}),
  birth: birthOf(subject),
});

/** Names of files and accounts may hold anything: what has no place in an id becomes a dash. */
export const unregisteredId = (user: string | null, uid: number, name: string): string =>
  `unregistered/${plain(user ?? '') || `uid-${uid}`}/${plain(name) || 'unnamed'}`;

const plain = (text: string): string => text.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 64);

export const birthOf = ({ uid, cgroupId, env }: Subject): Birth => ({
  ...{ uid, cgroupId, env: env ?? {} },
});

/** The executed file, and what it was told to run. */
export function looksOf(subject: Subject): readonly string[] {
  const { exe, script, module } = runningOfSubject(subject);
  return [
    `executable ${subject.exe}`,
    ...(exe === subject.exe ? [] : [`program ${exe}`]),
    ...(script === '' ? [] : [`script ${script}`]),
    ...(module === '' ? [] : [`module ${module}`]),
  ];
}

/** Any process can set a variable: it may stand beside an identity, and never makes one. */
const hintsOf = ({ marks }: Subject): readonly string[] =>
  marks.map((name) => `its environment has the mark ${name}`);
