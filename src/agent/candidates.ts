import {
  isLiteral,
  type AgentRule,
  type Candidates,
  type PipelineSettings,
} from '../event/index.js';
import { isToldByKernel } from './environment.js';
import { basename } from './paths.js';
import { INTERPRETERS, LINKERS } from './running.js';
import { SIGNATURES } from './signatures/index.js';

/** Bytes of a name the kernel's candidate map can hold, its NUL included. */
const CANDIDATE_BYTES = 60;

/** Names of scripts: the kernel sees the interpreter they are run by. */
const SCRIPT = /\.(c|m)?[jt]s$|\.py[cz]?$|\.rb$|\.jar$/;

type Settings = Pick<PipelineSettings, 'rules' | 'signatures' | 'inference'>;

/**
 * What the kernel must ask about for every rule and signature to be decided: names of files, names in the environment
 * where a rule names no file but those, or every exec.
 */
export function candidatesOf({ rules, signatures, inference }: Settings): Candidates {
  const asked = rules.map(askOf);
  const known = signatures ? SIGNATURES : [];
  const named = [
    ...asked.flatMap((one) => one.basenames),
    ...known.flatMap((one) => one.basenames),
    ...(inference || asked.some((one) => one.basenames.some((name) => SCRIPT.test(name)))
      ? INTERPRETERS
      : []),
  ];
  return {
    basenames: unique(named.length === 0 ? [] : [...named, ...LINKERS]),
    parents: unique(known.flatMap((one) => one.parents)),
    environment: unique(asked.flatMap((one) => one.environment)),
    anyExec: asked.some((one) => one.anyExec),
  };
}

function askOf({ match }: AgentRule): Omit<Candidates, 'parents'> {
  const names = match.exe?.map((glob) => basename(glob)) ?? ['*'];
  if (names.every((name) => isLiteral(name) && Buffer.byteLength(name) < CANDIDATE_BYTES)) {
    return { basenames: names, environment: [], anyExec: false };
  }
  // All of a rule's names must be there, so one of them is enough to be asked.
  const name = Object.keys(match.env ?? {}).find(isToldByKernel);
  return name === undefined
    ? { basenames: [], environment: [], anyExec: true }
    : { basenames: [], environment: [name], anyExec: false };
}

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)];
