import type {
  ExecEvent,
  Origin,
  PipelineSettings,
  ProcessKey,
  SeedEvent,
  ImageId,
} from '../../src/event/index.js';

/** Events and settings for tests of the pure rooms; what a test does not care about has a plain value. */
export const originAt = (bootNs = 0n, seq = 0n): Origin => ({
  ring: 'lifecycle',
  cpu: 0,
  seq,
  bootNs,
});

export const baseOf = (key: ProcessKey, root: ProcessKey | null = key, bootNs = 0n) => ({
  origin: originAt(bootNs),
  key,
  tid: key.tgid,
  root,
  scope: 'agent' as const,
});

export const execEvent = (
  key: ProcessKey,
  path: string,
  more: Partial<ExecEvent> = {},
): ExecEvent => ({
  kind: 'exec',
  ...baseOf(key),
  parent: { tgid: 1, startNs: 1n },
  uid: 1000,
  gid: 1000,
  file: { dev: 8n, inode: 42n, changedNs: 0n, size: 0n },
  env: {},
  envTruncated: false,
  stdinMode: 0,
  nsPid: 0,
  pidNamespace: 0,
  nlink: 1,
  cgroupId: 1n,
  path,
  pathTruncated: false,
  cwd: '/home/alice',
  cwdTruncated: false,
  argv: [path],
  argvBytes: path.length + 1,
  argvTruncated: false,
  asksVerdict: false,
  ...more,
});

export const seedEvent = (
  key: ProcessKey,
  parent: ProcessKey,
  root: ProcessKey | null = null,
): SeedEvent => ({
  kind: 'seed',
  ...baseOf(key, root),
  scope: root === null ? 'none' : 'agent',
  parent,
  uid: 1000,
  comm: 'seed',
});

export const settings = (more: Partial<PipelineSettings> = {}): PipelineSettings => ({
  node: 'node-1',
  tenant: 'default',
  bootId: '2b6b1f0e-7d1c-4a53-9a3e-5d8f3f0c1a2b',
  signatures: true,
  inference: false,
  rules: [],
  defaultGovernance: { proxy: 'none', sdk: 'none', exempt: ['loopback', 'dns'] },
  proxies: [],
  windowMs: 2000,
  modelHosts: ['api.model.example', '*.models.example'],
  ...more,
});

let images = 0n;

/** A program nobody has run before. */
export const newImage = (inode = 1_000_000n + (images += 1n)): ImageId => ({
  dev: 8n,
  inode,
  changedNs: 0n,
  size: 4096n,
});
