import { setTimeout as delay } from 'node:timers/promises';
import type { Owner } from '../test/helpers/children.js';
import { generate } from '../test/helpers/generator.js';
import { scratchDirectory } from '../test/helpers/scratch.js';
import { PowerDisk, type CacheLoss } from './power-disk.js';
import { PowerGuest, type Broken } from './power-guest.js';
import { PowerJudge, type Life, type Verdict } from './power-judge.js';

/** Between the numbers of two boots: more than one of them does. */
const TOKENS_A_BOOT = 100_000;
/** The power goes so many committed actions behind the start, and so many milliseconds, at most. */
const MOST_TOKENS = 500;
const MOST_MS = 150;
/** Every so often it goes earlier: while ext4 or the journal recovers. */
const EARLY_EVERY = 5;
const START_MS = 2_500;
/** Commands of the last boot, which ends in order. */
const LAST_COMMANDS = 20;

export interface PowerRound {
  /** Gone before the node was ready. */
  readonly early: boolean;
  /** What the disk's cache lost; null: nothing, it is as the killed emulator left it. */
  readonly cacheLoss: CacheLoss | null;
  readonly verdict: Verdict;
}

/** One disk that goes through power losses. */
export class PowerRounds {
  private readonly disk: PowerDisk;
  private readonly judge: PowerJudge;
  private readonly lives: Life[] = [];
  private rounds = 0;

  constructor(
    private readonly owner: Owner,
    private readonly cache: string,
    private seed: number,
    private readonly broken: Broken,
  ) {
    this.disk = new PowerDisk(scratchDirectory(owner));
    this.judge = new PowerJudge(owner, this.disk);
  }

  /** Boots on what the power loss before left, and takes the power away: in the start or under load. */
  async round(): Promise<PowerRound> {
    const number = ++this.rounds;
    const losesCache = number % 2 === 0;
    const guest = this.boot(-1);
    await guest.reaches('the disk', () => guest.has('mounting'));
    if (number % EARLY_EVERY === 0) {
      await delay(this.pick(START_MS));
    } else {
      const until = guest.committed + 1 + this.pick(MOST_TOKENS);
      await guest.reaches('the moment', () => guest.committed >= until);
      await delay(this.pick(MOST_MS));
    }
    if (losesCache) await guest.writes();
    await guest.cut();
    this.lived(guest);
    const cacheLoss = losesCache ? this.disk.loseCache((below) => this.pick(below)) : null;
    return { early: !guest.ready, cacheLoss, verdict: await this.judge.look(this.lives) };
  }

  /** Boots once more and ends in order. */
  async last(): Promise<Verdict> {
    const guest = this.boot(LAST_COMMANDS);
    await guest.ended();
    this.lived(guest);
    return this.judge.look(this.lives);
  }

  private get firstToken(): number {
    return this.lives.length * TOKENS_A_BOOT;
  }

  private boot(commands: number): PowerGuest {
    const [seed, { cache, disk, firstToken, broken }] = [this.pick(1_000_000), this];
    return new PowerGuest(this.owner, { cache, disk, firstToken, seed, commands, broken });
  }

  private lived({ committed }: PowerGuest): void {
    this.lives.push({ first: this.firstToken, committed });
  }

  private pick(below: number): number {
    this.seed = Buffer.from(generate(this.seed, 4)).readUInt32LE();
    return this.seed % below;
  }
}
