/**
 * The cgroup path of proc_pid_cgroup(5): that of version 2, or of systemd's hierarchy where version 2 holds nothing.
 */
export const cgroupPath = (text: string): string | null => {
  let unified: string | null = null;
  let systemd: string | null = null;
  for (const line of text.split('\n')) {
    const [, id, controllers, path] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    if (id === '0' && controllers === '') unified = path;
    else if (controllers === 'name=systemd') systemd = path;
  }
  return unified === null || unified === '/' ? (systemd ?? unified) : unified;
};

/**
 * Docker, containerd, CRI-O and Podman name a container's cgroup after its 64 hexadecimal digits, bare or as
 * `<runtime>-<id>.scope`. Podman's monitor has a cgroup with the same digits and is not in the container.
 */
const CONTAINER = /(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?(?=\/|$)/gm;

/** Container id, the innermost when nested, or null. */
export const containerId = (text: string): string | null => {
  const ids = [...text.replaceAll(/libpod-conmon-[0-9a-f]{64}/g, '').matchAll(CONTAINER)];
  return ids.at(-1)?.[1] ?? null;
};
