import t from 'tap';
import { AgentBook } from '../../../src/agent/agent-book.js';
import type { Agent } from '../../../src/agent/index.js';
import type { ProcessKey } from '../../../src/event/index.js';
import { originAt } from '../../helpers/events.js';

const AGENTS_MAX = 4096;
const SECOND = 1_000_000_000n;
const key = (tgid: number): ProcessKey => ({ tgid, startNs: BigInt(tgid) });
const agent = (tgid: number): Agent => ({
  root: key(tgid),
  info: { id: 'a/b/c', name: 'c', session: `${tgid}`, assurance: 'asserted' },
  governance: { proxy: 'none', sdk: 'none', exempt: [] },
  evidence: [],
  unsure: false,
  origin: originAt(),
  bootstrap: false,
});

t.test('an agent that ended is known for 30 s more, for its late events', (t) => {
  const book = new AgentBook();
  book.add(agent(1));
  book.add(agent(2));
  book.ended(key(1), SECOND);
  book.ended(key(9), SECOND);
  t.strictSame(
    book.living().map(({ root }) => root.tgid),
    [2],
  );
  book.tick(31n * SECOND - 1n);
  t.not(book.get(key(1)), null);
  book.tick(31n * SECOND);
  t.equal(book.get(key(1)), null);
  t.strictSame(book.stats(), { agents: 1, agentsEvicted: 0 });
  t.end();
});

t.test('a full book lets the ended go first, and counts the living it loses', (t) => {
  const book = new AgentBook();
  for (let tgid = 1; tgid <= AGENTS_MAX; tgid += 1) book.add(agent(tgid));
  book.ended(key(7), SECOND);
  book.add(agent(5000));
  t.equal(book.get(key(7)), null);
  t.strictSame(book.stats(), { agents: AGENTS_MAX, agentsEvicted: 0 });
  book.add(agent(5001));
  t.equal(book.get(key(1)), null, 'the oldest');
  t.strictSame(book.stats(), { agents: AGENTS_MAX, agentsEvicted: 1 });
  t.end();
});

t.test('strangers are remembered up to a limit, and an agent is none', (t) => {
  const book = new AgentBook();
  for (let tgid = 1; tgid <= 16_385; tgid += 1) book.addStranger(key(tgid));
  t.equal(book.isStranger(key(1)), false);
  t.equal(book.isStranger(key(2)), true);
  book.add(agent(2));
  t.equal(book.isStranger(key(2)), false);
  t.end();
});

t.test('agents below one are counted while they are known, once each', (t) => {
  const book = new AgentBook();
  const link = { id: 'a/b/c', session: 'top' };
  const below = (tgid: number): Agent => {
    const { info, ...rest } = agent(tgid);
    const under = { parent: link, root: link, depth: 1, handedOff: false };
    return { ...rest, info: { ...info, under } };
  };
  book.add(below(1));
  book.add(below(2));
  book.add({ ...below(2), unsure: true });
  t.equal(book.countBelow('top'), 2);
  book.ended(key(1), 0n);
  book.tick(30n * SECOND);
  t.equal(book.countBelow('top'), 1);
  book.ended(key(2), 0n);
  book.add(below(2));
  book.tick(30n * SECOND);
  t.equal(book.countBelow('top'), 1, 'known in another way it has not ended');
  t.equal(book.countBelow('other'), 0);
  t.end();
});
