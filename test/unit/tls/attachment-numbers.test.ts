import t from 'tap';
import { newAttachment } from '../../../src/tls/attachment.js';
import { AttachmentNumbers } from '../../../src/tls/attachment-numbers.js';

const attachment = (inode: number) => {
  const file = { dev: 8n, inode: BigInt(inode) };
  const of = { file, path: `/opt/${inode}`, library: 'openssl', by: 'symbols', sites: [] } as const;
  const fresh = newAttachment(of, null, new Map());
  fresh.state = 'attached';
  return fresh;
};

t.test('plaintext names its stack while that has probes, and for a long while behind', (t) => {
  const numbers = new AttachmentNumbers();
  const [lasting, brief] = [attachment(1), attachment(2)];
  numbers.set(10, lasting);
  for (let number = 11; number <= 4105; number += 1) numbers.set(number, brief);
  t.equal(numbers.get(11), brief);
  t.equal(numbers.evicted, 0);
  numbers.set(4106, brief);
  t.equal(numbers.get(10), lasting, 'the first one still has its probes');
  t.equal(numbers.get(11), null, 'the oldest that has not');
  t.equal(numbers.get(4106), brief);
  t.equal(numbers.evicted, 1);
  lasting.state = 'failed';
  numbers.set(4107, brief);
  t.strictSame([numbers.get(10), numbers.get(12)], [null, brief]);
  t.strictSame([numbers.get(null), numbers.get(9)], [null, null]);
  t.end();
});
