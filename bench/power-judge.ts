import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readJournal, type FoundDamage, type Report } from '../src/journal/index.js';
import { decodeRecord } from '../src/record/index.js';
import { parseLines, runCommand, type Owner } from '../test/helpers/children.js';
import { makePlace, type Place } from '../test/helpers/daemon.js';
import { judge, tokenOf } from '../test/helpers/oracle.js';
import type { PowerDisk } from './power-disk.js';

/** Actions of one boot: its first, and the first one that it did not say is durable. */
export interface Life {
  readonly first: number;
  readonly committed: number;
}

/** What `watchfloor verify` makes of it. */
export interface Verified {
  readonly code: number | null;
  /** Damage of the files that only repeat what the records say. */
  readonly tiles: readonly string[];
  readonly other: readonly string[];
}

/** What the journal on a disk says, before any recovery of ours. */
export interface Verdict {
  readonly records: number;
  readonly actions: number;
  /** Actions that were said to be durable and are not there. */
  readonly lost: readonly number[];
  readonly doubled: readonly number[];
  readonly reordered: readonly number[];
  /** Actions that are not there while later ones of the same boot are. */
  readonly holes: readonly number[];
  /** Not the same records, from the first on, as those that were there after the power loss before. */
  readonly changed: boolean;
  /** Bytes the reader called damage, and records it took that are none. */
  readonly damage: readonly string[];
  readonly verify: Verified;
}

interface Content {
  readonly records: readonly Uint8Array[];
  readonly tokens: readonly number[];
  readonly damage: readonly string[];
}

/** Judges one disk again and again as it goes through power losses. */
export class PowerJudge {
  private readonly place: Place;
  private seen = { records: 0, digest: digestOf([]) };

  constructor(
    private readonly owner: Owner,
    private readonly disk: PowerDisk,
  ) {
    this.place = makePlace(owner, {});
    mkdirSync(this.place.stateDir);
  }

  look(lives: readonly Life[]): Promise<Verdict> {
    return this.disk.inspect(this.place.stateDir, async () => {
      const { records, tokens, damage } = readContent(join(this.place.stateDir, 'journal'));
      const changed = digestOf(records.slice(0, this.seen.records)) !== this.seen.digest;
      this.seen = { records: records.length, digest: digestOf(records) };
      const { doubled, reordered } = judge(tokens, 0, 0);
      const lost = lives.flatMap(({ first, committed }) => judge(tokens, first, committed).lost);
      const counts = { records: records.length, actions: tokens.length };
      const holes = holesOf(tokens, lives);
      return {
        ...counts,
        lost,
        doubled,
        reordered,
        holes,
        changed,
        damage,
        verify: await this.verify(),
      };
    });
  }

  private async verify(): Promise<Verified> {
    const command = this.place.command('verify', '-o', 'json');
    const { code, stdout, stderr } = await runCommand(this.owner, command);
    const [report] = parseLines<Report>(stdout);
    if (report === undefined) return { code, tiles: [], other: [stderr] };
    const of = (wanted: (damage: FoundDamage) => boolean): string[] =>
      report.damage.filter(wanted).map(({ segment, text }) => `${segment} ${text}`);
    return {
      code,
      tiles: of(({ reason }) => reason === 'tile'),
      other: of(({ reason }) => reason !== 'tile'),
    };
  }
}

function readContent(directory: string): Content {
  const [records, tokens, damage] = [[] as Uint8Array[], [] as number[], [] as string[]];
  for (const entry of readJournal(directory)) {
    if ('damage' in entry) {
      damage.push(`${entry.damage.segment}: ${entry.damage.reason}`);
      continue;
    }
    records.push(entry.bytes);
    const decoded = decodeRecord(entry.bytes);
    if (!decoded.ok) damage.push(`record ${entry.seq} is none`);
    const token =
      decoded.ok && decoded.record.kind === 'exec' ? tokenOf(decoded.record.process?.argv) : null;
    if (token !== null) tokens.push(token);
  }
  return { records, tokens, damage };
}

function holesOf(tokens: readonly number[], lives: readonly Life[]): number[] {
  return lives.flatMap(({ first }, index) => {
    const next = lives[index + 1]?.first ?? Infinity;
    const own = tokens.filter((token) => token >= first && token < next);
    return judge(own, first, Math.max(first - 1, ...own) + 1).lost;
  });
}

function digestOf(records: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const record of records) hash.update(`${record.length} `).update(record);
  return hash.digest('hex');
}
