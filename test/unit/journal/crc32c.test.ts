import t from 'tap';
import { crc32c } from '../../../src/journal/crc32c.js';

t.test('the examples of RFC 3720 appendix B.4 hold', async (t) => {
  const ascending = Uint8Array.from({ length: 32 }, (_, index) => index);
  t.equal(crc32c(new Uint8Array(32)), 0x8a91_36aa);
  t.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8_ab43);
  t.equal(crc32c(ascending), 0x46dd_794e);
  t.equal(crc32c(ascending.toReversed()), 0x113f_db5c);
  t.equal(crc32c(Buffer.from('123456789')), 0xe306_9283);
  t.equal(crc32c(new Uint8Array()), 0);
});

t.test('every length is hashed to its last byte', async (t) => {
  for (let length = 1; length < 20; length += 1) {
    const bytes = new Uint8Array(length).fill(7);
    const other = bytes.slice();
    other[length - 1] = 8;
    t.not(crc32c(bytes), crc32c(other), `${length} bytes`);
  }
});
