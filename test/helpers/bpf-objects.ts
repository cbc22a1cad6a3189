import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

type Kind = 'prog' | 'map' | 'link';
const KINDS: readonly Kind[] = ['prog', 'map', 'link'];

interface Shown {
  readonly id: number;
  readonly name?: string;
  readonly type?: string;
}

/** What of the kernel's BPF objects one process holds. */
export interface Held {
  /** `type name` of its programs, sorted. */
  readonly programs: readonly string[];
  readonly links: number;
  /** `prog 12`, `map 7`, `link 3`. */
  readonly ids: ReadonlySet<string>;
}

/** Programs, maps and links that process `pid` has a descriptor of. */
export function heldBy(pid: number): Held {
  const ids = new Set(readdirSync(`/proc/${pid}/fd`).flatMap((fd) => idOf(pid, fd)));
  const programs = show('prog').filter(({ id }) => ids.has(`prog ${id}`));
  return {
    programs: programs.map(({ type, name }) => `${type ?? ''} ${name ?? ''}`).sort(),
    links: [...ids].filter((id) => id.startsWith('link ')).length,
    ids,
  };
}

const FIXED = ['cgroup', 'raw_tracepoint', 'tracing'];

/** Links that process `pid` has of cgroup programs and tracepoints: what is not a probe of a file. */
export function fixedLinksOf(pid: number): string[] {
  const { ids } = heldBy(pid);
  const fixed = show('link').filter(({ type = '' }) => FIXED.includes(type));
  return fixed
    .map(({ id }) => `link ${id}`)
    .filter((id) => ids.has(id))
    .sort();
}

/** Which of those ids the kernel still has, whoever holds them. */
export function stillThere(ids: ReadonlySet<string>): string[] {
  return KINDS.flatMap((kind) => show(kind).map(({ id }) => `${kind} ${id}`)).filter((id) =>
    ids.has(id),
  );
}

/** The kernel names the object of a descriptor by its id. A link's description names its program too. */
function idOf(pid: number, fd: string): string[] {
  const text = readDescription(pid, fd);
  for (const kind of ['link', 'map', 'prog'] as const) {
    const id = new RegExp(`^${kind}_id:\\s*(\\d+)$`, 'm').exec(text)?.[1];
    if (id !== undefined) return [`${kind} ${id}`];
  }
  return [];
}

/** Empty when the descriptor was closed meanwhile. */
function readDescription(pid: number, fd: string): string {
  try {
    return readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8');
  } catch {
    return '';
  }
}

function show(kind: Kind): Shown[] {
  const text = execFileSync('bpftool', ['--json', kind, 'show'], { encoding: 'utf8' });
  return JSON.parse(text) as Shown[];
}
