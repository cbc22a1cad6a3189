import t from 'tap';
import { Doubts } from '../../../src/agent/disguise/doubts.js';
import { bare, type Known } from '../../../src/agent/disguise/process-book.js';
import { originAt } from '../../helpers/events.js';
import { key } from './disguise-kit.js';

const SECOND = 1_000_000_000n;
const known = (tgid: number): Known => bare(key(tgid), originAt());

t.test('when there is no room the new one is not doubted, and counted', (t) => {
  const doubts = new Doubts();
  const all = Array.from({ length: 1025 }, (_, tgid) => known(tgid));
  for (const one of all) t.notOk(doubts.confirms(one, 'file'));
  t.same(doubts.stats(), { doubts: 1024, doubtsRefused: 1 });
  const [first, last] = [all[0], all[1024]];
  if (first === undefined || last === undefined) throw new Error('none');
  t.equal(last.doubt, null);
  doubts.confirms(first, 'command_line');
  t.match(first.doubt, { way: 'command_line' }, 'one that is open may become another');
  doubts.confirms(first, null);
  t.notOk(doubts.confirms(last, 'file'));
  t.same(doubts.stats(), { doubts: 1024, doubtsRefused: 1 }, 'there is room again');
  t.end();
});

t.test('only the look that was asked for a second later confirms', (t) => {
  const doubts = new Doubts();
  const one = known(1);
  doubts.confirms(one, 'file');
  t.same(doubts.due(0n), []);
  t.notOk(doubts.confirms(one, 'file'), 'a look in between starts nothing anew');
  t.same(doubts.due(SECOND - 1n), []);
  t.same(doubts.due(SECOND), [one]);
  t.same(doubts.due(2n * SECOND), [], 'asked once');
  t.notOk(doubts.confirms(one, 'command_line'), 'something else, from its beginning');
  t.same(doubts.due(3n * SECOND), []);
  t.same(doubts.due(4n * SECOND), [one]);
  t.ok(doubts.confirms(one, 'command_line'));
  t.equal(doubts.stats().doubts, 0);
  t.end();
});
