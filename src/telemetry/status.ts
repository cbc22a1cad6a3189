import type { Pinning, ProgramStatus } from '../event/index.js';

/** Of the signer, what tells whether it signs. */
export interface Signing extends Readonly<Record<string, unknown>> {
  readonly condition: string;
  readonly lastError: string | null;
}

export interface StatusParts {
  readonly version: string;
  readonly node: string;
  readonly tenant: string;
  readonly pid: number;
  readonly bootId: string;
  readonly epoch: number;
  readonly startedMs: number;
  readonly nowMs: number;
  readonly kernel: string;
  readonly configFile: string | null;
  readonly programs: readonly ProgramStatus[];
  readonly pinning: Pinning;
  readonly journal: Readonly<Record<string, unknown>>;
  /** null: nobody signs. */
  readonly signer: Signing | null;
  /** null: no server is configured. */
  readonly publish: unknown;
  readonly pipeline: Readonly<Record<string, unknown>>;
  readonly readers: Readonly<Record<string, unknown>>;
  readonly commands: Readonly<Record<string, number>>;
  readonly recording: string | null;
  readonly paused: boolean;
}

/** What `status` prints; counters of 64 bits stand as decimal text. */
export interface Status {
  readonly v: 1;
  readonly version: string;
  readonly node: string;
  readonly tenant: string;
  readonly pid: number;
  readonly boot_id: string;
  readonly epoch: number;
  readonly started: string;
  readonly uptime_s: number;
  readonly kernel: string;
  readonly config: string | null;
  /** One line for each sensor or service of ours that is not there, with the reason. Empty: all are. */
  readonly degraded: readonly string[];
  readonly programs: readonly ProgramStatus[];
  /** Whether the kernel state outlives the daemon. */
  readonly pinning: Pinning;
  readonly journal: unknown;
  readonly signer: unknown;
  readonly publish: unknown;
  readonly pipeline: unknown;
  readonly readers: unknown;
  readonly commands: unknown;
  readonly recording: string | null;
  readonly paused: boolean;
}

/** Programs that were wanted and do not run. */
export const missingSensors = (programs: readonly ProgramStatus[]): string[] =>
  programs
    .filter(({ state }) => state === 'unsupported' || state === 'failed')
    .map(({ family, name, state, detail }) => `${family}: ${name} is ${state}: ${detail}`);

/** That the kernel state was to outlive the daemon, and does not. */
export const missingPins = ({ state, detail }: Pinning): string[] =>
  state === 'refused' ? [`pins: the kernel state does not outlive the daemon: ${detail}`] : [];

/** That the journal was to be signed, and is not. */
const missingSigner = (signer: Signing | null): string[] => {
  if (signer === null) return ['signer: it did not start'];
  const { condition, lastError } = signer;
  return condition === 'running' ? [] : [`signer: it is ${condition}: ${lastError ?? ''}`];
};

export const assembleStatus = (parts: StatusParts): Status => ({
  v: 1,
  version: parts.version,
  node: parts.node,
  tenant: parts.tenant,
  pid: parts.pid,
  boot_id: parts.bootId,
  epoch: parts.epoch,
  started: new Date(parts.startedMs).toISOString(),
  uptime_s: Math.floor((parts.nowMs - parts.startedMs) / 1000),
  kernel: parts.kernel,
  config: parts.configFile,
  degraded: [
    ...missingSensors(parts.programs),
    ...missingPins(parts.pinning),
    ...missingSigner(parts.signer),
  ],
  programs: parts.programs,
  pinning: parts.pinning,
  journal: jsonable(parts.journal),
  signer: jsonable(parts.signer),
  publish: jsonable(parts.publish),
  pipeline: jsonable(parts.pipeline),
  readers: jsonable(parts.readers),
  commands: parts.commands,
  recording: parts.recording,
  paused: parts.paused,
});

/** The same tree with 64-bit numbers as text and maps as objects. */
const jsonable = (value: unknown): unknown => {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(jsonable);
  if (value instanceof Map) return jsonable(Object.fromEntries(value));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, jsonable(v)]));
};
