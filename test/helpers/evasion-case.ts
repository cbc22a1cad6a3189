import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import type { Expectation, Wanted } from './evasion-match.js';

const CASES = resolve('test/evasion');
const CASE_KEYS = 'id technique must must_not unmeasured config start programs tls go twin'.split(
  ' ',
);
const TWIN_KEYS = ['what', 'must', 'must_not'];
/** What a path may begin with. */
const PARTS =
  'kind claim severity agent process net tls http exit finding coverage gap sensor'.split(' ');

/** A way to get out of sight, or its benign twin: a script that an agent runs and what has to be said of it. */
export interface Variant {
  /** Name of the folder; the twin's has `-twin` behind it. Also the last part of the agent's id. */
  readonly name: string;
  readonly what: string;
  readonly script: string;
  /** Run by the harness before the agent, in no lineage; null: there is none. */
  readonly outside: string | null;
  readonly must: readonly Expectation[];
  readonly mustNot: readonly Expectation[];
}

/** test/evasion/<name>: expect.yaml, run.sh, twin.sh, and the programs they use. */
export interface EvasionCase {
  /** Of the list of cases, such as E17. */
  readonly id: string;
  readonly folder: string;
  /** Configuration beside the rules; one that needs any has a daemon of its own. */
  readonly config: Readonly<Record<string, unknown>> | null;
  /** The agent does the first part of its script before there is a daemon. */
  readonly before: boolean;
  /** Why nothing can be seen of it; null: it has to be seen. */
  readonly unmeasured: string | null;
  /** Of test/triggers: in $BIN beside the case's own programs. */
  readonly programs: readonly string[];
  /** It asks a TLS server, at $TLS_PORT. */
  readonly tls: boolean;
  /** Folder of the case with a Go program, which is $BIN/<folder>; null: there is none. */
  readonly go: string | null;
  readonly evasion: Variant;
  readonly twin: Variant | null;
}

/** Every case, or those whose names begin with one of EVASION_ONLY, which a comma separates. */
export function loadCases(): EvasionCase[] {
  const only = process.env.EVASION_ONLY?.split(',') ?? [''];
  return readdirSync(CASES)
    .filter((name) => existsSync(join(CASES, name, 'expect.yaml')))
    .filter((name) => only.some((start) => name.startsWith(start)))
    .sort()
    .map(loadCase);
}

function loadCase(name: string): EvasionCase {
  const folder = join(CASES, name);
  const told = parse(readFileSync(join(folder, 'expect.yaml'), 'utf8')) as Record<string, unknown>;
  refuseUnknown(name, told, CASE_KEYS);
  const unmeasured = (told['unmeasured'] as string | undefined) ?? null;
  const evasion = variant(folder, name, 'run', told['technique'], told);
  if (evasion.must.length === 0 && unmeasured === null) {
    throw new Error(`${name}: nothing has to be seen, and no reason is given`);
  }
  const twin = told['twin'] as Record<string, unknown> | undefined;
  if (twin !== undefined) refuseUnknown(`${name}: twin`, twin, TWIN_KEYS);
  return {
    id: String(told['id']),
    folder,
    config: (told['config'] as Record<string, unknown> | undefined) ?? null,
    before: told['start'] === 'before',
    unmeasured,
    programs: (told['programs'] as string[] | undefined) ?? [],
    tls: told['tls'] === true,
    go: (told['go'] as string | undefined) ?? null,
    evasion,
    twin: twin === undefined ? null : variant(folder, `${name}-twin`, 'twin', twin['what'], twin),
  };
}

function variant(
  folder: string,
  name: string,
  part: 'run' | 'twin',
  what: unknown,
  told: Record<string, unknown>,
): Variant {
  const outside = join(folder, `outside-${part}.sh`);
  return {
    name,
    what: String(what),
    script: join(folder, `${part}.sh`),
    outside: existsSync(outside) ? outside : null,
    must: expectations(name, told['must']),
    mustNot: expectations(name, told['must_not']),
  };
}

function expectations(where: string, list: unknown): Expectation[] {
  return ((list as Record<string, unknown>[] | undefined) ?? []).map((entry) => {
    const { times = null, same = [], distinct = [], ...fields } = entry;
    const parts = Object.keys(fields).map((path) => [path.split('.')[0] ?? '', null] as const);
    refuseUnknown(where, Object.fromEntries(parts), PARTS);
    return { times, same, distinct, fields: fields as Record<string, Wanted> } as Expectation;
  });
}

/** A word that is not understood would be an expectation that nobody checks. */
function refuseUnknown(where: string, told: object, known: readonly string[]): void {
  const unknown = Object.keys(told).filter((key) => !known.includes(key));
  if (unknown.length > 0)
    throw new Error(`${where}: unknown in expect.yaml: ${unknown.join(', ')}`);
}
