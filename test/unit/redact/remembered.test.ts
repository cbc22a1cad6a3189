import t from 'tap';
import { Redactions } from '../../../src/redact/mark.js';
import { Remembered } from '../../../src/redact/remembered.js';
import { cleanText } from '../../../src/redact/text.js';

function counted() {
  let cleanings = 0;
  const remembered = new Remembered((text, mark) => {
    cleanings += 1;
    return cleanText(text, mark);
  });
  const redactions = new Redactions();
  const clean = (text: string): string => remembered.clean(text, () => redactions.of('field'));
  return { clean, cleanings: () => cleanings, redactions };
}

t.test('a text without secrets is read once', async (t) => {
  const { clean, cleanings } = counted();
  t.equal(clean('/usr/bin/env'), '/usr/bin/env');
  t.equal(clean('/usr/bin/env'), '/usr/bin/env');
  t.equal(cleanings(), 1);
});

t.test('one with a secret is cleaned and counted each time', async (t) => {
  const { clean, cleanings, redactions } = counted();
  const text = '/srv/ghp_0123456789abcdefghij';
  t.equal(clean(text), '/srv/[token:24]');
  t.equal(clean(text), '/srv/[token:24]');
  t.equal(cleanings(), 2);
  t.same(redactions.list()?.items?.[0]?.count, 2);
});

t.test('so many are remembered, and none that is long', async (t) => {
  const { clean, cleanings } = counted();
  for (let number = 0; number < 2048; number++) clean(`/bin/${number}`);
  clean('/bin/0');
  t.equal(cleanings(), 2048);
  clean('/bin/2048');
  clean('/bin/0');
  t.equal(cleanings(), 2050, 'all were forgotten');
  const long = 'a'.repeat(513);
  clean(long);
  clean(long);
  t.equal(cleanings(), 2052);
});
