import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listSegments, readJournal } from '../../src/journal/index.js';
import { SignedNode } from './signed-node.js';

/** Files of a state directory by their path in it. */
export type Files = ReadonlyMap<string, Buffer>;

export interface Frame {
  readonly seq: bigint;
  /** Path of the segment in the state directory. */
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** A good journal, whole in memory, and what an attacker could put in its place. */
export interface Victim {
  readonly node: SignedNode;
  readonly good: Files;
  readonly frames: readonly Frame[];
  /** The journal as it was before, the oldest first. */
  readonly snapshots: readonly { readonly files: Files; readonly last: bigint }[];
  /** The journal of another node, which lived the same life. */
  readonly foreign: Files;
}

const OPTIONS = { segmentBytes: 24_576, maxBytes: 500_000 };
/** What the signer keeps elsewhere, and an attacker of the journal cannot set back. */
const KEPT = ['signer/vkey', 'signer/state'];

export async function makeVictim(directory: string): Promise<Victim> {
  const snapshots: { files: Files; last: bigint }[] = [];
  const node = await live(join(directory, 'node'), (node) => {
    snapshots.push({ files: readFiles(node.stateDir), last: node.state.size });
  });
  const other = await live(join(directory, 'other'), () => undefined);
  const good = readFiles(node.stateDir);
  return {
    ...{ node, good, frames: framesOf(node), snapshots: snapshots.slice(0, -1) },
    foreign: readFiles(other.stateDir),
  };
}

/** Five lives, one of them killed, with retention in between. */
async function live(stateDir: string, ended: (node: SignedNode) => void): Promise<SignedNode> {
  const node = new SignedNode(stateDir, OPTIONS);
  for (let life = 0; life < 5; life += 1) {
    await node.epoch(async (epoch) => {
      for (let round = 0; round < 4; round += 1) {
        await epoch.records(60);
        await (round === 2 ? epoch.cosigned() : epoch.checkpoint());
        await epoch.retire();
      }
      if (life !== 2) await epoch.stop();
      else await epoch.records(11);
    });
    ended(node);
  }
  return node;
}

export function readFiles(directory: string): Files {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(directory.length + 1), readFileSync(path)] as const)
      .filter(([path]) => !path.endsWith('/reserve')),
  );
}

/** Where each record of an undamaged journal lies. */
export function framesOf({ journalDir }: Pick<SignedNode, 'journalDir'>): Frame[] {
  const lengths = new Map<bigint, number>();
  for (const entry of readJournal(journalDir)) {
    if ('seq' in entry) lengths.set(entry.seq, entry.bytes.length);
  }
  return listSegments(journalDir).flatMap(({ name, firstSeq, bytes }) => {
    const frames: Frame[] = [];
    for (let seq = firstSeq, start = 32; start < bytes; seq += 1n) {
      const end = start + 8 + (lengths.get(seq) ?? 0);
      frames.push({ seq, file: `journal/${name}`, start, end });
      start = end;
    }
    return frames;
  });
}

/** Puts files in the place of others (null: removes them), and gives what takes that back. */
export function replace(
  directory: string,
  good: Files,
  changed: ReadonlyMap<string, Buffer | null>,
) {
  const put = (path: string, bytes: Buffer | null): void => {
    const file = join(directory, path);
    if (bytes === null) rmSync(file, { force: true });
    else writeFileSync(file, bytes);
  };
  for (const [path, bytes] of changed) put(path, bytes);
  return (): void => {
    for (const path of changed.keys()) put(path, good.get(path) ?? null);
  };
}

export const isKept = (path: string): boolean => KEPT.includes(path);
