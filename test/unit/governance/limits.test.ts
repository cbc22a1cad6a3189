import t from 'tap';
import { LIMITS, Rate, Users } from '../../../src/governance/limits.js';

t.test('a rate is a burst, and then what time gives back', async (t) => {
  const rate = new Rate(100, 0);
  const taken = (nowMs: number): number => {
    let count = 0;
    while (rate.take(nowMs)) count += 1;
    return count;
  };
  t.ok(rate.isFull(0));
  t.equal(taken(0), 100);
  t.notOk(rate.isFull(0));
  t.equal(taken(9), 0);
  t.equal(taken(10), 1);
  t.equal(taken(510), 50);
  t.equal(taken(100_000), 100, 'never more than the burst');
  t.equal(taken(50_000), 0, 'a clock that goes back gives nothing');
});

t.test(
  'a user keeps its rate over connections, and is forgotten when nothing is owed',
  async (t) => {
    const limits = { ...LIMITS, connectionsPerUid: 2, messagesPerSecondPerUid: 10 };
    const users = new Users(limits);
    t.ok(users.enter(1, 0));
    t.ok(users.enter(1, 0));
    t.notOk(users.enter(1, 0), 'the third connection');
    for (let i = 0; i < 10; i++) t.ok(users.take(1, 0));
    t.notOk(users.take(1, 0));
    users.leave(1);
    users.leave(1);
    t.ok(users.enter(1, 0));
    t.notOk(users.take(1, 0), 'coming back does not help');
    t.ok(users.enter(2, 0));
    t.ok(users.take(2, 0), 'another user is not held up');
    users.leave(1);
    users.leave(2);
    t.ok(users.enter(3, 500));
    t.equal(users.size, 2, 'who owes nothing is forgotten, who still does is not');
    t.ok(users.enter(4, 1000));
    t.equal(users.size, 2);
    t.notOk(users.take(77, 0), 'who has no connection says nothing');
    users.leave(77);
  },
);

t.test('thousands of users leave nothing behind', async (t) => {
  const users = new Users(LIMITS);
  for (let uid = 0; uid < 5000; uid++) {
    t.ok(users.enter(uid, uid));
    users.take(uid, uid);
    users.leave(uid);
  }
  t.ok(users.size < 10, String(users.size));
});
