import type { Command, Input, ProcessFact, ProcessKey, Value } from '../../src/event/index.js';
import type { Step } from '../../src/pipeline.js';
import { batchOf, type HeaderFields } from './wire.js';

/** The first process of the agent that a test of the pipeline is about. */
export const root: ProcessKey = { tgid: 100, startNs: 1_000n };

export const SECOND = 1_000_000_000n;

let seq = 0n;

/** The head of the next record: of the agent's first process, if nothing else is said. */
export const at = (bootNs: bigint, more: HeaderFields = {}): HeaderFields => ({
  key: root,
  root,
  bootNs,
  seq: (seq += 1n),
  ...more,
});

/** All that there was in the rings. */
export const batch = (...records: Uint8Array[]): Input => ({
  input: 'batch',
  bytes: batchOf(...records),
  drained: true,
  counters: null,
});

export const tick = (bootNs: bigint): Input => ({
  input: 'tick',
  bootNs,
  wallNs: bootNs + SECOND,
});

export const processFact = (key: ProcessKey, more: Partial<ProcessFact> = {}): Input => ({
  input: 'fact',
  fact: { fact: 'process', key, gone: false, ...more },
});

export const find = <K extends Value['kind']>(step: Step, kind: K) =>
  step.values.filter((value): value is Value & { kind: K } => value.kind === kind);

export const doing = <D extends Command['do']>(step: Step, what: D) =>
  step.commands.filter((command): command is Command & { do: D } => command.do === what);
