import t from 'tap';
import { Pulse } from '../../../src/daemon/pulse.js';

t.test('only ticks far apart say that nobody ran between them', async (t) => {
  const pulse = new Pulse();
  t.equal(pulse.beat(50_000_000_000n), null, 'the first has none before it');
  t.equal(pulse.beat(50_100_000_000n), null);
  t.equal(pulse.beat(51_900_000_000n), null, 'late, as on a busy machine');
  t.same(pulse.beat(61_900_000_000n), { fromNs: 51_900_000_000n, untilNs: 61_900_000_000n });
  t.equal(pulse.beat(62_000_000_000n), null, 'it is said once');
});
