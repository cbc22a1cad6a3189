import t from 'tap';
import { whyNoKernel } from '../helpers/environment.js';
import { KillRounds, NOTHING_AMISS } from '../helpers/kill-rounds.js';

/** `scripts/faults-kill` does a thousand; docs/results/kills.md has its table. */
const KILLS = 50;
const SEED = 20_261_121;

t.test(
  `after ${KILLS} kills at random moments nothing committed is lost and nothing torn is taken`,
  { skip: whyNoKernel() ?? false },
  async (t) => {
    t.setTimeout(120_000);
    const kills = KillRounds.begin(t, SEED);
    let said = 0;
    for (let kill = 1; kill <= KILLS; kill++) {
      const { consumingMs, verify, lost } = await kills.round();
      t.same(lost, [], `kill ${kill}: every record a reader was shown is there`);
      if (verify !== null) t.equal(verify, '0', `before kill ${kill}: verify finds it intact`);
      if (consumingMs !== null) said += 1;
    }
    t.ok(said >= KILLS / 2, 'most kills hit a daemon at work');
    const { records, actions, killsSaid, ...amiss } = kills.aftermath();
    t.same(amiss, NOTHING_AMISS);
    t.ok(actions > KILLS && records > actions, 'there was work to lose');
    t.ok(killsSaid >= said - 1, 'each time without a daemon is a gap');
  },
);
