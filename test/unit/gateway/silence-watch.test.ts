import t from 'tap';
import { SilenceWatch } from '../../../src/gateway/silence-watch.js';

const AFTER_MS = 15_000;
const T0 = 1_000_000;

t.test('a node from which nothing comes is silent, once, until something comes', async (t) => {
  const watch = new SilenceWatch(AFTER_MS);
  watch.contact(T0);
  t.equal(watch.heard('a', T0 + 1000), false);
  t.same(watch.tick(T0 + 1000 + AFTER_MS - 1), [], 'not before its time');
  t.same(watch.tick(T0 + 1000 + AFTER_MS), [{ node: 'a', forMs: AFTER_MS }]);
  t.same(watch.tick(T0 + 1000 + AFTER_MS * 2), [], 'said once');
  t.equal(watch.silentCount, 1);
  t.equal(watch.heard('a', T0 + AFTER_MS * 3), true, 'it is back');
  t.equal(watch.heard('a', T0 + AFTER_MS * 3 + 1), false);
  t.same(watch.tick(T0 + AFTER_MS * 4 + 1), [{ node: 'a', forMs: AFTER_MS }], 'a second silence');
});

t.test('a node that goes on speaking is never silent', async (t) => {
  const watch = new SilenceWatch(AFTER_MS);
  watch.contact(T0);
  for (let now = T0; now < T0 + AFTER_MS * 10; now += 5000) {
    watch.heard('a', now);
    t.same(watch.tick(now), []);
  }
});

t.test('who was away accuses nobody: the time begins when it is back', async (t) => {
  const watch = new SilenceWatch(AFTER_MS);
  watch.contact(T0);
  watch.heard('a', T0);
  watch.away();
  t.same(watch.tick(T0 + AFTER_MS * 10), [], 'nobody knows');
  watch.contact(T0 + AFTER_MS * 10);
  watch.contact(T0 + AFTER_MS * 10 + 5000);
  t.same(watch.tick(T0 + AFTER_MS * 11 - 1), []);
  t.equal(watch.tick(T0 + AFTER_MS * 11).length, 1, 'and then it does count');
});

t.test('a node that is known and was never heard is silent, too', async (t) => {
  const watch = new SilenceWatch(AFTER_MS);
  watch.expect('a');
  watch.contact(T0);
  t.same(watch.tick(T0 + AFTER_MS), [{ node: 'a', forMs: AFTER_MS }]);
});
