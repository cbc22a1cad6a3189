import type {
  AgentInfo,
  Governance,
  PipelineSettings,
  Registration,
  RegistrationReply,
} from '../event/index.js';
import { processId } from '../event/index.js';
import type { Agent } from './decision.js';
import { birthOf } from './identify.js';
import { descentFrom } from './nested.js';
import { basename } from './paths.js';
import { conditionsOf } from './rule-match.js';
import { sessionOf } from './session.js';
import type { Subject } from './subject.js';

/** As configuration writes ids: org/team/agent. */
const AGENT_ID = /^[A-Za-z0-9._-]{1,64}\/[A-Za-z0-9._-]{1,64}\/[A-Za-z0-9._-]{1,64}$/;
const NAME_MAX = 64;

export interface Registered {
  readonly reply: RegistrationReply;
  /** null: it was refused, or nothing changes. */
  readonly agent: Agent | null;
}

/** What a process says of itself, and what is known of it. */
export interface Claim {
  readonly registration: Registration;
  /** Whose lineage it is in; null: nobody's. */
  readonly current: Agent | null;
  readonly subject: Subject | null;
}

/** Peer credentials say who asks; what the kernel knows of the process says whether it may be who it says. */
export function judgeClaim(claim: Claim, settings: PipelineSettings): Registered {
  const { registration, current, subject } = claim;
  const { agent: id, key, name } = registration;
  const isRoot = current !== null && processId(current.root) === processId(key);
  const isHelper = current?.info.id === id && !isRoot;
  const error =
    wrongId(id) ?? wrongName(name) ?? (isHelper ? null : againstRule(id, subject, settings));
  if (error !== null) return refused(error);
  if (current === null) return taken(claim, settings, {});
  const { info } = current;
  // A helper that says whose it is says nothing new.
  if (isHelper) return { reply: accepted(info), agent: null };
  if (!isRoot) return taken(claim, settings, { under: descentFrom(current, false) });
  if (info.assurance === 'asserted' && info.id !== id) {
    return refused(`a rule says that this process is ${info.id}, so it cannot be ${id}`);
  }
  if (info.assurance === 'bound') {
    if (info.id === id) return { reply: accepted(info), agent: null };
    return refused(`this process has registered as ${info.id}, and one process is one agent`);
  }
  return taken(claim, settings, info.under === undefined ? {} : { under: info.under });
}

export const refused = (error: string): Registered => ({
  reply: { ok: false, error },
  agent: null,
});

function taken(
  { registration, current, subject }: Claim,
  settings: PipelineSettings,
  under: Pick<AgentInfo, 'under'>,
): Registered {
  const { key, uid, agent: id, name, at } = registration;
  const session = sessionOf(settings.bootId, key);
  const info = { id, name: name ?? basename(id), session, assurance: 'bound', ...under } as const;
  const isRoot = current !== null && processId(current.root) === processId(key);
  const agent: Agent = {
    info,
    root: key,
    governance: governanceOf(id, current, settings),
    evidence: [
      `it registered on the governance socket as pid ${key.tgid} of uid ${uid}`,
      ...(isRoot ? current.evidence : []),
      ...(subject === null || subject.exe === '' ? [] : [`executable ${subject.exe}`]),
    ],
    unsure: false,
    // No record of the kernel showed it; its session is in the name of whatever is said of it.
    origin: isRoot ? current.origin : { ring: 'lifecycle', cpu: 0, seq: 0n, bootNs: at },
    bootstrap: isRoot ? current.bootstrap : true,
    ...birthIn(current, isRoot, subject),
  };
  return { reply: accepted(info), agent };
}

const birthIn = (
  current: Agent | null,
  isRoot: boolean,
  subject: Subject | null,
): Pick<Agent, 'birth'> => {
  if (isRoot) return current?.birth === undefined ? {} : { birth: current.birth };
  return subject === null ? {} : { birth: birthOf(subject) };
};

/** A name of one's own choice frees nobody from what the agent around it must do. */
const governanceOf = (
  id: string,
  current: Agent | null,
  { rules, defaultGovernance }: PipelineSettings,
): Governance =>
  rules.find((rule) => rule.id === id)?.governance ?? current?.governance ?? defaultGovernance;

const accepted = ({ id, session }: AgentInfo): RegistrationReply => ({ ok: true, id, session });

function wrongId(id: string): string | null {
  if (!AGENT_ID.test(id)) {
    return 'the agent must be org/team/agent, each of up to 64 letters, digits, dots, dashes and underscores';
  }
  return id.startsWith('unregistered/') ? 'the organisation "unregistered" is reserved' : null;
}

function wrongName(name: string | null): string | null {
  if (name === null) return null;
  const isFit = name !== '' && name.length <= NAME_MAX && !/\p{C}/u.test(name);
  return isFit
    ? null
    : `the name must be up to ${NAME_MAX} characters, none of them a control character`;
}

/** Whoever takes the name of a rule must be whom the rule describes, in all that can be checked. */
function againstRule(
  id: string,
  subject: Subject | null,
  { rules }: PipelineSettings,
): string | null {
  const rule = rules.find((one) => one.id === id);
  if (rule === undefined) return null;
  if (subject === null || subject.exe === '') {
    return `a rule describes ${id}, and what this process runs is not known yet: try again`;
  }
  const wrong = conditionsOf(rule, subject).filter(({ result }) => result === 'no');
  if (wrong.length === 0) return null;
  return `the rule of ${id} does not match this process: ${wrong.map(({ name }) => name).join(', ')}`;
}
