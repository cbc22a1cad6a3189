import t from 'tap';
import { decodeHeaderBlock } from '../../../src/http/http2/header-block.js';
import { entryOf, HeaderTable } from '../../../src/http/http2/header-table.js';

const decode = (table: HeaderTable, hex: string): string[] | null =>
  decodeHeaderBlock(Buffer.from(hex.replaceAll(' ', ''), 'hex'), table)?.known.map(
    ({ name, value }) => `${name} ${value}`,
  ) ?? null;

/** What stands for a number: a value, or why there is none. */
const at = (table: HeaderTable, index: number): string => {
  const entry = table.get(index);
  return typeof entry === 'object' ? entry.value : entry;
};

t.test('the examples of RFC 7541, appendix C, as far as they are of interest', (t) => {
  const plain = new HeaderTable();
  const first = [':method GET', ':path /', ':authority www.example.com'];
  t.same(decode(plain, '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d'), first);
  t.same(decode(plain, '8286 84be 5808 6e6f 2d63 6163 6865'), first);
  const asks = new HeaderTable();
  t.same(decode(asks, '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff'), first);
  t.same(decode(asks, '8286 84be 5886 a8eb 1064 9cbf'), first);
  t.same(decode(asks, '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf'), [
    ':method GET',
    ':path /index.html',
    ':authority www.example.com',
  ]);
  const answers = new HeaderTable();
  answers.resize(256);
  const said = [
    '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
    '4883 640e ffc1 c0bf',
  ].map((hex) => decode(answers, hex));
  t.same(said, [[':status 302'], [':status 307']]);
  t.end();
});

t.test('every byte has its code', (t) => {
  // The codes of RFC 7541, appendix B, for bytes of each length there is: 5 to 8, 10 to 15, 19 to 28 and 30 bits.
  const codes: Readonly<Record<string, string>> = {
    '0': '00000',
    ' ': '010100',
    ':': '1011100',
    '&': '11111000',
    '!': '1111111000',
    '+': '11111111011',
    '#': '111111111010',
    $: '1111111111001',
    '^': '11111111111100',
    '<': '111111111111100',
    '\\': '1111111111111110000',
    '\x80': '11111111111111100110',
    '\x99': '111111111111111011100',
    '\x81': '1111111111111111010010',
    '\x01': '11111111111111111011000',
    '\x09': '111111111111111111101010',
    '\xc7': '1111111111111111111101100',
    '\xc0': '11111111111111111111100000',
    '\xcb': '111111111111111111111011110',
    '\x02': '1111111111111111111111100010',
    '\x0a': '111111111111111111111111111100',
  };
  const bits = Object.values(codes).join('');
  const padded = bits + '1'.repeat((8 - (bits.length % 8)) % 8);
  const bytes = padded.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? [];
  const block = Buffer.from([0x01, 0x80 | bytes.length, ...bytes]);
  t.same(decodeHeaderBlock(block, new HeaderTable())?.known, [
    { name: ':authority', value: Object.keys(codes).join('') },
  ]);
  t.end();
});

t.test('what is no header block is said to be none', (t) => {
  const damaged: Readonly<Record<string, string>> = {
    'a number that is none': '80',
    'a number without end': `ff${'80'.repeat(10)}00`,
    'a number that is too large': 'ff ffff ffff 7f',
    'a number cut off': 'ff80',
    'a string longer than the block': '0103 6162',
    'no string at all': '01',
    'a code of the end in a string': '0184 ffff ffff',
    'padding of zeros': '0181 00',
    'a byte of padding': '0182 07ff',
    'more fields than anybody has': '82'.repeat(4097),
  };
  for (const [name, hex] of Object.entries(damaged)) {
    t.equal(decode(new HeaderTable(), hex), null, name);
  }
  t.same(decode(new HeaderTable(), '82'.repeat(4096))?.length, 4096);
  t.end();
});

t.test('a number may be longer than it has to be', (t) => {
  t.same(decode(new HeaderTable(), `017f${'80'.repeat(3)}00${'78'.repeat(127)}`), [
    `:authority ${'x'.repeat(127)}`,
  ]);
  t.end();
});

t.test('numbers count from the newest, and what fell out or was not seen has none', (t) => {
  const table = new HeaderTable();
  for (const host of ['a', 'b', 'c']) table.add(entryOf('host', host), 68);
  t.same(
    [62, 63, 64, 65].map((index) => at(table, index)),
    ['c', 'b', 'a', 'unknown'],
  );
  table.resize(250);
  t.same(
    [62, 63, 64].map((index) => at(table, index)),
    ['c', 'b', 'unknown'],
    'of 100 bytes each two have room',
  );
  table.add(entryOf('cookie', 'secret'), 10);
  t.equal(at(table, 62), 'other', 'what is of no interest is not kept, and still counts');
  t.equal(at(table, 63), 'c');
  table.forget();
  t.equal(at(table, 63), 'unknown');
  table.resize(2 ** 28);
  for (let i = 0; i < 10_000; i += 1) table.add(entryOf('host', `${i}`), 5);
  t.equal(at(table, 62), '9999');
  t.equal(at(table, 62 + 1770), String(9999 - 1770), 'with 64 KiB of room');
  t.equal(at(table, 62 + 1771), 'unknown');
  t.same(decode(table, '20'), [], 'its sender says that it has no room any more');
  t.equal(at(table, 62), 'unknown');
  table.resize(4096);
  table.add(entryOf('host', 'h'.repeat(1025)), 1029);
  t.equal(at(table, 62), 'unknown', 'too long to be sent again at a byte each');
  t.ok(table.held < 2000, `${table.held}`);
  t.end();
});
