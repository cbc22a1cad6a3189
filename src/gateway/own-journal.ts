import { join } from 'node:path';
import type { CheckpointValue, GapValue, SelfFindingValue, SensorValue } from '../event/index.js';
import { Journal } from '../journal/index.js';
import type { Found } from '../journal/index.js';
import { redact } from '../redact/index.js';
import type { Stamp } from '../redact/index.js';
import { readSignerState, Signer } from '../signer/index.js';
import { makeDirectory } from './small-file.js';
import type { OwnRecords } from './reporter.js';

export interface OwnJournalOptions {
  readonly stateDir: string;
  readonly gateway: string;
  readonly bootId: string;
  /** CLOCK_BOOTTIME, nanoseconds. */
  readonly bootNs: () => bigint;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** The tenant in which gateways are nodes. */
export const GATEWAY_TENANT = 'gateway';

type OwnValue = SelfFindingValue | SensorValue | GapValue | CheckpointValue;

/** The gateway's own journal: as tamper-evident as a node's, with a signer of its own. */
export class OwnJournal implements OwnRecords {
  private sealing: Promise<void> | null = null;
  /** The last record that is a checkpoint: alone it is nothing to sign. */
  private checkpointSeq = 0n;

  private constructor(
    private readonly options: OwnJournalOptions,
    private readonly journal: Journal,
    private readonly signer: Signer,
    readonly found: Found,
  ) {}

  /** Throws JournalError and SignerError. */
  static async open(options: OwnJournalOptions): Promise<OwnJournal> {
    const { stateDir, gateway, maxBytes, maxAgeMs } = options;
    const directory = join(stateDir, 'signer');
    makeDirectory(stateDir);
    const { state } = readSignerState(directory);
    const limits = { anchor: state, maxBytes, maxAgeMs };
    const { journal, found } = Journal.open(join(stateDir, 'journal'), limits);
    try {
      const origin = `watchfloor.v1/${GATEWAY_TENANT}/${gateway}`;
      const signer = await Signer.start({ directory, origin });
      return new OwnJournal(options, journal, signer, found);
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  get epoch(): number {
    return this.journal.stats().epoch;
  }

  get vkey(): string {
    return this.signer.vkey;
  }

  append(value: OwnValue): bigint | null {
    return this.journal.append(redact(value, this.stamp()));
  }

  flush(): Promise<boolean> {
    return this.journal.flush();
  }

  /** Signs what is durable and not signed yet. */
  seal(checkpoint: (signed: CheckpointValue['checkpoint']) => CheckpointValue): Promise<void> {
    this.sealing ??= this.sealNow(checkpoint).finally(() => {
      this.sealing = null;
    });
    return this.sealing;
  }

  /** Everything durable and signed, and the processes ended. */
  async close(): Promise<void> {
    await this.journal.flush();
    await this.sealing;
    const last = await this.sign();
    if (last !== null) this.journal.saveCheckpoint(last.note);
    await this.signer.stop();
    await this.journal.close();
  }

  private async sealNow(
    checkpoint: (signed: CheckpointValue['checkpoint']) => CheckpointValue,
  ): Promise<void> {
    const { size } = this.journal.tree();
    if (size === this.checkpointSeq && size === this.signer.state.size + 1n) return;
    const signed = await this.sign();
    if (signed === null) return;
    this.journal.saveCheckpoint(signed.note);
    this.checkpointSeq = this.append(checkpoint(signed)) ?? this.checkpointSeq;
  }

  /** null: nothing to sign, or the signer does not. */
  private async sign(): Promise<CheckpointValue['checkpoint'] | null> {
    const { size, root, range } = this.journal.tree();
    const oldSize = this.signer.state.size;
    const proof = size > oldSize ? this.journal.consistencyProof(oldSize, size) : null;
    if (proof === null) return null;
    const answer = await this.signer.checkpoint({ size, root, oldSize, proof, range });
    if (!answer.ok) return null;
    return { size, root, note: answer.note, vkey: this.signer.vkey, oldSize, proof, range };
  }

  private stamp(): Stamp {
    const { gateway, bootId, bootNs } = this.options;
    const wallOffsetNs = BigInt(Date.now()) * 1_000_000n - bootNs();
    return { node: gateway, tenant: GATEWAY_TENANT, bootId, wallOffsetNs };
  }
}
