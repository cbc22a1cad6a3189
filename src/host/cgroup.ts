/** Longer names no runtime gives. */
const MAX_NAME = 128;
const MAX_LINES = 64;

/** Where a process is contained by its cgroup alone. */
export interface CgroupContainer {
  readonly id: string;
  /** Empty where the cgroup names a container and not its runtime. */
  readonly runtime: '' | 'docker' | 'containerd' | 'cri-o' | 'podman';
  readonly podUid: string;
}

/**
 * The cgroup path of proc_pid_cgroup(5): that of version 2, or of systemd's hierarchy where version 2 holds nothing.
 */
export const cgroupPath = (text: string): string | null => {
  const { unified, systemd } = hierarchies(text);
  return unified === null || unified === '/' ? (systemd ?? unified) : unified;
};

/** The innermost container, or null. */
export const containerOf = (text: string): CgroupContainer | null => {
  const { unified, systemd, others } = hierarchies(text);
  for (const path of [unified, systemd, ...others]) {
    const found = path === null ? null : containerAt(path);
    if (found !== null) return found;
  }
  return null;
};

interface Hierarchies {
  readonly unified: string | null;
  readonly systemd: string | null;
  readonly others: readonly string[];
}

const hierarchies = (text: string): Hierarchies => {
  let unified: string | null = null;
  let systemd: string | null = null;
  const others: string[] = [];
  for (const line of text.split('\n').slice(0, MAX_LINES)) {
    const [, id, controllers, path] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    if (id === '0' && controllers === '') unified = path;
    else if (controllers === 'name=systemd') systemd = path;
    else others.push(path);
  }
  return { unified, systemd, others };
};

/** What runtimes put before the 64 digits: `docker-ID.scope`, `crio-ID`, `libpod-ID.scope`, `...:cri-containerd:ID`. */
const PREFIXES: ReadonlyMap<string, CgroupContainer['runtime']> = new Map([
  ['docker', 'docker'],
  ['cri-containerd', 'containerd'],
  ['nerdctl', 'containerd'],
  ['crio', 'cri-o'],
  ['libpod', 'podman'],
]);

/**
 * One part of a path. A runtime's cgroup driver for systemd makes a scope of it, or of what does not fit a slice a
 * `slice:prefix:id`.
 */
const NUMBERED = /^(?:.*?:)?(?:([a-z-]+?)[-:])?([0-9a-f]{64})(?:\.scope|\.service)?$/;
/** LXC, and machines of systemd-nspawn; those of libvirt are called so too and hold a virtual machine. */
const NAMED = [
  /^lxc\.payload\.(.+)$/,
  /^systemd-nspawn@(.+)\.service$/,
  /^machine-(?!qemu|lxc\\x2d)(.+)\.scope$/,
];
/** The uid of the API server, or the hash by which the kubelet calls what it starts of its own. */
const POD =
  /(?:^|-)pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice(?::.*)?)?$/;

const containerAt = (path: string): CgroupContainer | null => {
  const parts = path.split('/');
  for (let at = parts.length - 1; at >= 0; at -= 1) {
    const found = containerPart(parts[at] ?? '', parts[at - 1] ?? '');
    if (found !== null) return { ...found, podUid: podOf(parts.slice(0, at + 1)) };
  }
  return null;
};

const containerPart = (part: string, above: string): Omit<CgroupContainer, 'podUid'> | null => {
  const [, prefix, id] = NUMBERED.exec(part) ?? [];
  if (id !== undefined) {
    // A monitor has a cgroup with the same digits and is not in the container.
    if (prefix?.endsWith('-conmon') === true) return null;
    return { id, runtime: PREFIXES.get(prefix ?? '') ?? (above === 'docker' ? 'docker' : '') };
  }
  for (const pattern of NAMED) {
    const [, name] = pattern.exec(part) ?? [];
    if (name !== undefined && name.length <= MAX_NAME) return { id: unescaped(name), runtime: '' };
  }
  return null;
};

const podOf = (parts: readonly string[]): string => {
  const uid = parts.findLast((part) => POD.test(part));
  return uid === undefined ? '' : (POD.exec(uid)?.[1]?.replaceAll('_', '-') ?? '');
};

/** systemd writes what a unit's name cannot hold as \xNN (systemd.unit(5)). */
const unescaped = (name: string): string =>
  name.replaceAll(/\\x([0-9a-f]{2})/g, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
