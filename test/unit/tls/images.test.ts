import t from 'tap';
import type { ImageId, TlsStack } from '../../../src/event/index.js';
import { Images } from '../../../src/tls/images.js';

const DISK = 8n << 20n;
const image = (dev: bigint): ImageId => ({ dev, inode: 7n, changedNs: 1n, size: 2n });
const stack = (dev: bigint, inode: bigint): TlsStack => ({
  ...{ file: { dev, inode }, path: '/opt/agent', library: 'openssl', by: 'symbols' },
  sites: [{ call: 'write', entry: 4096, returns: [] }],
});

t.test('the stacks of a program itself are those in its file', (t) => {
  const images = new Images();
  const own = stack(DISK, 7n);
  images.learn(image(DISK), [own, stack(DISK, 8n), stack(DISK + 1n, 7n), stack(5n, 7n)]);
  t.same(images.get(image(DISK)), [own], 'an equal number elsewhere is another file');
  t.equal(images.get({ ...image(DISK), changedNs: 2n }), null);
  t.end();
});

t.test('where the kernel and user space number a device in two ways, the file decides', (t) => {
  const images = new Images();
  const own = stack(0x794cn << 48n, 7n);
  images.learn(image(42n), [own, stack(0x794cn << 48n, 8n)]);
  t.same(images.get(image(42n)), [own]);
  t.end();
});
