import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { MUTATIONS, NOTES, seeded } from './mutations.js';
import type { Mutation } from './mutations.js';
import { replace } from './tamper.js';
import type { Victim } from './tamper.js';

export interface Tally {
  readonly kind: string;
  tried: number;
  found: number;
  located: number;
  /** The independent verifier found and located it as well. */
  agreed: number;
  /** Both came to the same exit code. */
  sameCode: number;
}

interface Verified {
  readonly code: number;
  readonly damage: readonly {
    readonly file: string;
    readonly from: number;
    readonly to: number;
    readonly firstSeq: bigint;
    readonly lastSeq: bigint;
  }[];
}

const CODES = { intact: 0, tampered: 1, incomplete: 2, unreadable: 3 };

/** Applies mutations one at a time, each followed by both verifiers; `failed` is told of each that was not found by both. */
export async function tamper(
  victim: Victim,
  count: number,
  seed: number,
  failed: (text: string) => void,
): Promise<Tally[]> {
  const random = seeded(seed);
  const tallies = Object.keys(MUTATIONS).map((kind): Tally => ({
    kind,
    tried: 0,
    found: 0,
    located: 0,
    agreed: 0,
    sameCode: 0,
  }));
  const other = new IndependentVerifier(victim);
  const start = [byUs(victim).code, (await other.verify()).code];
  if (start.join() !== '0,0') throw new Error(`the good journal is not intact: ${start.join()}`);
  for (let done = 0; done < count;) {
    const tally = tallies[done % tallies.length];
    const mutation = MUTATIONS[tally?.kind ?? '']?.(victim, random);
    if (tally === undefined || mutation === undefined) break;
    if (changesNothing(victim, mutation)) continue;
    done += 1;
    const restore = replace(victim.node.stateDir, victim.good, mutation.changed);
    const waiting = other.verify();
    const ours = byUs(victim);
    const theirs = await waiting;
    restore();
    count1(tally, mutation, ours, theirs);
    const good = [ours, theirs].every((one) => one.code !== 0 && isLocated(mutation, one));
    if (!good) failed(describe(done, tally.kind, mutation, [ours, theirs]));
  }
  await other.end();
  return tallies;
}

function count1(tally: Tally, mutation: Mutation, ours: Verified, theirs: Verified): void {
  tally.tried += 1;
  tally.found += Number(ours.code !== 0);
  tally.located += Number(isLocated(mutation, ours));
  tally.agreed += Number(theirs.code !== 0 && isLocated(mutation, theirs));
  tally.sameCode += Number(ours.code === theirs.code);
}

function changesNothing({ good }: Victim, { changed }: Mutation): boolean {
  return [...changed].every(([path, bytes]) => {
    const before = good.get(path);
    return bytes === null ? before === undefined : before?.equals(bytes) === true;
  });
}

/** A damage that names bytes which were changed, or a record that was. */
function isLocated({ places, firstSeq, lastSeq }: Mutation, { damage }: Verified): boolean {
  return damage.some(
    (one) =>
      (one.firstSeq > 0n && one.firstSeq <= lastSeq && one.lastSeq >= firstSeq) ||
      places.some(({ file, from, to }) => {
        const name = file.replace(/^journal\//, '');
        // Of a note, the file is the place.
        const near = NOTES.includes(file) || (one.from <= to && one.to >= from);
        return one.file === name && near;
      }),
  );
}

function byUs({ node }: Victim): Verified {
  const { verdict, damage } = node.verify();
  return {
    code: CODES[verdict],
    damage: damage.map(({ segment, offset, bytes, firstSeq = 0n, lastSeq = 0n }) => ({
      ...{ file: segment, from: offset, to: offset + bytes, firstSeq, lastSeq },
    })),
  };
}

/** test/independent/verify.py, imported once and asked by line. */
const ASK = `
import json, sys
sys.path.insert(0, sys.argv[1])
import verify
for line in sys.stdin:
    try: result = verify.verify(*sys.argv[2:])
    except (OSError, ValueError) as error: result = (3, [])
    print(json.dumps(result), flush=True)
`;

type Row = readonly [file: string, from: number, to: number, first: number, last: number];

class IndependentVerifier {
  private readonly child;
  private readonly lines;

  constructor({ node }: Victim) {
    const folder = join('test', 'independent');
    const args = ['-B', '-c', ASK, folder, node.stateDir, node.vkey, node.cosigner];
    this.child = spawn('python3', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async verify(): Promise<Verified> {
    this.child.stdin.write('\n');
    const line = await this.lines.next();
    if (line.done === true) throw new Error('the independent verifier ended');
    const [code, rows] = JSON.parse(line.value) as [number, Row[]];
    const damage = rows.map(([file, from, to, first, last]) => ({
      ...{ file, from, to, firstSeq: BigInt(first), lastSeq: BigInt(last) },
    }));
    return { code, damage };
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    this.child.stdin.end();
    await ended;
  }
}

function describe(
  number: number,
  kind: string,
  { places, firstSeq, lastSeq }: Mutation,
  verified: readonly Verified[],
): string {
  const spots = places.map(({ file, from, to }) => `${file} ${from}-${to}`).join(', ');
  const results = verified.map(({ code, damage }) => {
    const [first] = damage;
    return `${code}${first ? ` ${first.file} ${first.from}-${first.to} records ${first.firstSeq}-${first.lastSeq}` : ''}`;
  });
  return `${number} ${kind}: ${spots}, records ${firstSeq}-${lastSeq}: ${results.join(' | ')}`;
}
