import { hash } from 'node:crypto';
import type { HeartbeatInfo } from '../event/index.js';
import type { Journal } from '../journal/index.js';
import type { PipelineSnapshot } from '../pipeline.js';
import type { PublishStats } from '../publish/index.js';
import { encodeHeartbeat } from '../record/index.js';
import type { Signer } from '../signer/index.js';
import type { Feeder } from './feeder.js';
import type { OwnRecords } from './own-records.js';

const EVERY_MS = 5000;
const MAX_AGENT_IDS = 256;

interface Parts {
  readonly journal: Pick<Journal, 'cosigned' | 'stats'>;
  readonly signer: Pick<Signer, 'heartbeat' | 'state'> | null;
  readonly publish: () => Pick<PublishStats, 'backlog' | 'backlogAgeMs'> | null;
  readonly snapshot: () => PipelineSnapshot;
  readonly feeder: Pick<Feeder, 'say'>;
  readonly own: OwnRecords;
  readonly version: string;
  readonly kernel: string;
}

/** Every 5 s, signed: that the node lives, what its sensors saw and lost, and how far its evidence has come. */
export class Heartbeats {
  #number = 0n;
  #nextMs = performance.now() + EVERY_MS;

  constructor(private readonly parts: Parts) {}

  /** Called with every tick. */
  check(): void {
    if (performance.now() < this.#nextMs) return;
    // After a suspend there is one, not one for each that was missed.
    this.#nextMs = performance.now() + EVERY_MS;
    void this.#beat();
  }

  async #beat(): Promise<void> {
    const { signer, feeder, own } = this.parts;
    this.#number += 1n;
    const unsigned = this.#info(this.#number);
    const digest = hash('sha256', encodeHeartbeat(unsigned), 'buffer');
    const note = (await signer?.heartbeat(this.#number, digest)) ?? '';
    feeder.say(own.heartbeat({ ...unsigned, note }));
  }

  #info(number: bigint): HeartbeatInfo {
    const { journal, signer, publish, snapshot, version, kernel } = this.parts;
    const { agents, accounting, activity } = snapshot();
    const waiting = publish();
    const signed = signer?.state;
    return {
      number,
      rings: accounting.rings.map(({ ring, emitted, delivered, dropped }) => ({
        ring,
        emitted: BigInt(emitted),
        delivered: BigInt(delivered),
        dropped: BigInt(dropped),
      })),
      agents: agents.length,
      agentIds: [...new Set(agents.map(({ id }) => id))].slice(0, MAX_AGENT_IDS),
      coverage: activity.stacks.coverage,
      journalBytes: BigInt(journal.stats().bytes),
      ...{ version, kernel },
      backlog: waiting?.backlog ?? 0n,
      backlogAgeMs: BigInt(Math.round(waiting?.backlogAgeMs ?? 0)),
      checkpointSize: signed?.size ?? 0n,
      checkpointRoot: signed?.root ?? new Uint8Array(),
      cosignedSize: journal.cosigned,
      note: '',
    };
  }
}
