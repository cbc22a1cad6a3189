import { readdirSync } from 'node:fs';
import type { ContainerInfo } from '../event/index.js';
import { containerOf, type CgroupContainer } from './cgroup.js';
import { openRegular } from './files.js';
import { readBoundedFd } from './procfs.js';

/** A container's configuration takes kilobytes; the list of all of them more. */
const MAX_CONFIG_BYTES = 1024 * 1024;
const MAX_LIST_BYTES = 8 * 1024 * 1024;
const MAX_NAMESPACES = 32;
const MAX_IMAGE_LENGTH = 512;
const IMAGES_MAX = 1024;
/** What was not told may be told later: a state file is written around the start of its container. */
const RETRY_MS = 10_000;

/** Where runtimes keep their state. Only root can write there. */
const PLACES = {
  docker: '/var/lib/docker/containers',
  containerd: '/run/containerd/io.containerd.runtime.v2.task',
  storage: ['/run/containers/storage', '/var/lib/containers/storage'],
} as const;

type Looking = (id: string) => string;

/**
 * Containers by cgroup, with their images by the runtime's own state. Every answer is kept; full, the oldest goes. What
 * cannot be read is not told, and nothing throws.
 */
export class Containers {
  readonly #images = new Map<string, { readonly image: string; readonly atMs: number }>();
  readonly #root: string;
  readonly #nowMs: () => number;

  /** `root`: put before the places of the runtimes. `nowMs`: any clock that goes on evenly. */
  constructor(root = '', nowMs = () => performance.now()) {
    this.#root = root;
    this.#nowMs = nowMs;
  }

  /** `cgroups`: a `/proc/PID/cgroup`. null: in none. */
  of(cgroups: string): ContainerInfo | null {
    const found = containerOf(cgroups);
    return found === null ? null : { ...found, image: this.#image(found) };
  }

  #image({ id, runtime }: CgroupContainer): string {
    // Anything else could be a path.
    if (!/^[0-9a-f]{64}$/.test(id)) return '';
    const nowMs = this.#nowMs();
    const known = this.#images.get(id);
    if (known !== undefined && (known.image !== '' || nowMs - known.atMs < RETRY_MS)) {
      return known.image;
    }
    const image = this.#looking(runtime).reduce((found, look) => found || look(id), '');
    this.#images.delete(id);
    const [oldest] = this.#images.keys();
    if (oldest !== undefined && this.#images.size >= IMAGES_MAX) this.#images.delete(oldest);
    this.#images.set(id, { image, atMs: nowMs });
    return image;
  }

  #looking(runtime: CgroupContainer['runtime']): readonly Looking[] {
    const docker: Looking = (id) => this.#docker(id);
    const containerd: Looking = (id) => this.#containerd(id);
    const storage: Looking = (id) => this.#storage(id);
    switch (runtime) {
      case 'docker':
        return [docker];
      case 'containerd':
        return [containerd];
      case 'cri-o':
      case 'podman':
        return [storage];
      case '':
        return [containerd, docker, storage];
    }
  }

  /** moby's container.Container, as it saves itself. */
  #docker(id: string): string {
    const config = this.#read(`${PLACES.docker}/${id}/config.v2.json`, MAX_CONFIG_BYTES);
    return textAt(config, 'Config', 'Image');
  }

  /** The OCI bundle of the shim; the CRI plugin annotates it with the name that was asked for. */
  #containerd(id: string): string {
    for (const namespace of this.#list(PLACES.containerd)) {
      const bundle = `${PLACES.containerd}/${namespace}/${id}/config.json`;
      const config = this.#read(bundle, MAX_CONFIG_BYTES);
      const image = textAt(config, 'annotations', 'io.kubernetes.cri.image-name');
      if (image !== '') return image;
    }
    return '';
  }

  /** containers/storage, which CRI-O and Podman share: the bundle, and the list of containers with their metadata. */
  #storage(id: string): string {
    for (const place of PLACES.storage) {
      const containers = `${place}/overlay-containers`;
      const bundle = this.#read(`${containers}/${id}/userdata/config.json`, MAX_CONFIG_BYTES);
      const image = textAt(bundle, 'annotations', 'io.kubernetes.cri-o.ImageName');
      if (image !== '') return image;
      const listed = listedIn(this.#read(`${containers}/containers.json`, MAX_LIST_BYTES), id);
      const named = textAt(parsed(textAt(listed, 'metadata', null)), 'image-name', null);
      if (named !== '') return named;
    }
    return '';
  }

  #read(path: string, most: number): unknown {
    const opened = openRegular(this.#root + path);
    return opened.ok ? parsed(readBoundedFd(opened.file.fd, most)?.toString('utf8') ?? '') : null;
  }

  #list(path: string): string[] {
    try {
      return readdirSync(this.#root + path).slice(0, MAX_NAMESPACES);
    } catch {
      return [];
    }
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
};

const listedIn = (list: unknown, id: string): unknown =>
  Array.isArray(list) ? (list as unknown[]).find((one) => memberOf(one, 'id') === id) : null;

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : null;

/** The text at one name, or at a name in what stands there; empty: there is none. */
const textAt = (value: unknown, first: string, second: string | null): string => {
  const outer = memberOf(value, first);
  const found = second === null ? outer : memberOf(outer, second);
  if (typeof found !== 'string') return '';
  return second === null || found.length <= MAX_IMAGE_LENGTH ? found : '';
};
