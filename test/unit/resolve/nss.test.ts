import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { openImage, type Image } from '../../../src/elf/index.js';
import { nss } from '../../../src/resolve/nss.js';
import {
  buildNss,
  HANDS_ON,
  offsetIn,
  PLAIN,
  SECURE,
  withRelocations,
  type NssPlan,
} from './nss-library.js';

function imageOf(file: Uint8Array): Image {
  const image = openImage({ size: file.length, read: (at, n) => file.subarray(at, at + n) });
  if (typeof image === 'string') throw new Error(image);
  return image;
}

const said = (file: Uint8Array): unknown => {
  const stack = nss(imageOf(file));
  return stack === null || 'refused' in stack ? (stack?.refused ?? null) : stack.sites;
};

const WANTED = { read: 's_recv', write: 's_send', free: 's_close' } as const;
const sitesOf = (plan: NssPlan): unknown =>
  Object.entries(WANTED).map(([call, name]) => ({
    ...{ call, entry: offsetIn(plan, name), returns: [] },
  }));
const refused = (plan: NssPlan): unknown => said(buildNss(plan));

const NONE = 'NSS: no table looks like that of its secure sockets';
const BEGINS = 'NSS: where its functions begin cannot be told';

t.test('NSS is found by the two tables of its sockets', async (t) => {
  for (const machine of ['x86-64', 'aarch64'] as const) {
    for (const packed of [false, true]) {
      for (const marked of [false, true]) {
        const plan = { machine, packed, marked };
        t.same(said(buildNss(plan)), sitesOf(plan), JSON.stringify(plan));
      }
    }
  }
  const swapped = { tables: [PLAIN, SECURE] };
  t.same(said(buildNss(swapped)), sitesOf(swapped), 'in either order');
});

const changed = (index: number, to: string | null, of: readonly (string | null)[] = SECURE) =>
  of.with(index, to);

t.test('a table that is not quite one is none', async (t) => {
  for (const machine of ['x86-64', 'aarch64'] as const) {
    const of = (plan: NssPlan): unknown => refused({ ...plan, machine });
    t.equal(of({ tables: [] }), NONE, 'no tables');
    t.equal(of({ tables: [SECURE] }), NONE, 'nothing to pair it with');
    t.equal(of({ tables: [SECURE, changed(2, 'other', PLAIN)] }), NONE, 'bind is another');
    t.equal(of({ tables: [SECURE, changed(11, 'other', PLAIN)] }), NONE, 'getsockname is another');
    t.equal(of({ tables: [SECURE, changed(0, 's_connect', PLAIN)] }), NONE, 'connect is the same');
    t.equal(of({ tables: [SECURE, changed(5, 's_close', PLAIN)] }), NONE, 'close is the same');
    t.equal(of({ tables: [changed(4, null), PLAIN] }), NONE, 'a function is missing');
    t.equal(of({ tables: [changed(1, 'accept'), PLAIN] }), NONE, 'it accepts');
    t.equal(of({ filling: 1 }), NONE, 'a number where accept is to be');
    t.equal(of({ beside: { s_connect: 0x10_0000 } }), NONE, 'no code');
    t.equal(of({ handsOn: {} }), NONE, 'nobody hands on');
    t.equal(of({ handsOn: { ...HANDS_ON, s_read: { to: 's_send' } } }), NONE, 'to another');
    t.equal(of({ handsOn: { ...HANDS_ON, s_write: { to: 'd_send' } } }), NONE, 'to the other');
    const handsOn = (zero: 'both' | 'none' | 'late'): NssPlan => ({
      handsOn: { ...HANDS_ON, s_write: { to: 's_send', zero } },
    });
    t.equal(of(handsOn('none')), NONE, 'with the flags it was given');
    t.equal(of(handsOn('late')), NONE, 'not at once');
    t.equal(of(handsOn('both')), NONE, 'without the length');
    t.equal(of({ beside: { s_recv: 4 } }), NONE, 'the two ways to read are not one');
    t.equal(of({ beside: { s_close: 4 } }), BEGINS, 'in the middle of a function');
  }
});

t.test('what is there twice is refused', async (t) => {
  t.equal(
    refused({ tables: [SECURE, PLAIN, SECURE] }),
    'NSS: 2 tables look like that of its secure sockets',
  );
  const both = { ...HANDS_ON, d_read: { to: 'd_recv' }, d_write: { to: 'd_send' } };
  t.equal(refused({ handsOn: both }), 'NSS: 2 tables look like that of its secure sockets');
});

t.test('a file with more such tables than NSS has is refused', async (t) => {
  const more = Array.from({ length: 17 }, () => PLAIN);
  t.equal(refused({ tables: more.slice(1), packed: true }), NONE);
  t.equal(
    refused({ tables: more, packed: true }),
    'NSS: more tables look like those of its sockets than it has',
  );
});

t.test('a file with more pointers than NSS has is refused', async (t) => {
  const most = 512 * 1024;
  t.equal(said(withRelocations(buildNss(), most)), NONE);
  t.equal(
    said(withRelocations(buildNss(), most + 1)),
    'NSS: more pointers in its data than it has',
  );
});

t.test('which of the two is which is told by what hands on', async (t) => {
  const plain = { d_read: { to: 'd_recv' }, d_write: { to: 'd_send' } };
  t.same(
    said(buildNss({ handsOn: plain })),
    Object.entries(WANTED).map(([call, name]) => ({
      ...{ call, entry: offsetIn({}, name.replace('s_', 'd_')), returns: [] },
    })),
  );
});

const LIBRARY = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/libssl3.so`)
  .find((path) => existsSync(path));
const isMissing = LIBRARY === undefined ? 'libnss3 is not installed' : false;

/** Of the real library: its file, and where relocations say what each word of its table is. */
function real() {
  const file = readFileSync(LIBRARY ?? '');
  const image = imageOf(file);
  const sites = nss(image);
  if (sites === null || 'refused' in sites) throw new Error(sites?.refused ?? 'no NSS');
  const [recv] = sites.sites.map(({ entry }) => image.addressOf(entry) ?? 0);
  const pointers = [...(image.pointers() ?? [])].sort(([a], [b]) => a - b);
  const at = pointers.find(([, target]) => target === recv)?.[0] ?? 0;
  return { file, image, sites: sites.sites, pointers, table: at - 6 * 8 };
}

/** The same file, in which the word at `at` is relocated to another address; null: to none. */
function relocated(file: Buffer, at: number, target: number | null): Buffer {
  const entry = Buffer.alloc(8);
  entry.writeBigUInt64LE(BigInt(at));
  let place = file.indexOf(entry);
  // r_info of a relative relocation; elsewhere the same number is something else.
  while (place >= 0 && ![8n, 1027n].includes(file.readBigUInt64LE(place + 8))) {
    place = file.indexOf(entry, place + 1);
  }
  if (place < 0) throw new Error(`nothing relocates ${at}`);
  const changed = Buffer.from(file);
  if (target === null) changed.writeBigUInt64LE(0n, place + 8);
  else changed.writeBigUInt64LE(BigInt(target), place + 16);
  return changed;
}

t.test(
  'the library of this machine is read where it takes flags',
  { skip: isMissing },
  async (t) => {
    const { sites, image, table, pointers } = real();
    t.same(
      sites.map(({ call }) => call),
      ['read', 'write', 'free'],
    );
    const at = new Map(pointers);
    const slot = (index: number): number => at.get(table + index * 8) ?? 0;
    t.same(
      sites.map(({ entry }) => image.addressOf(entry)),
      [slot(6), slot(7), slot(5)],
    );
    // What it exports is none of these.
    const exported = image.symbols(['SSL_ImportFD', 'SSL_AuthCertificateHook']);
    for (const address of exported.values()) t.notOk([slot(5), slot(6), slot(7)].includes(address));
  },
);

t.test(
  'the library of this machine with a pointer broken is refused',
  { skip: isMissing },
  async (t) => {
    const { file, table, pointers } = real();
    const at = new Map(pointers);
    for (const index of [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) {
      const word = table + index * 8;
      t.match(said(relocated(file, word, null)), NONE, `${index} missing`);
      if ([0, 4].includes(index)) continue;
      const beside = (at.get(word) ?? 0) + 4;
      t.equal(said(relocated(file, word, beside)), index === 5 ? BEGINS : NONE, `${index} beside`);
    }
  },
);

t.test(
  'the library of this machine with its table twice is refused',
  { skip: isMissing },
  async (t) => {
    const { file, image, table, pointers } = real();
    const at = new Map(pointers);
    const isFree = (word: number): boolean => Math.abs(word - table) > 3 * 96;
    const [to = 0] =
      pointers.find(([word]) =>
        Array.from({ length: 12 }, (_, i) => word + i * 8).every(
          (one) => at.has(one) && isFree(one),
        ),
      ) ?? [];
    let twice: Buffer = file;
    for (let index = 0; index < 12; index += 1) {
      twice = relocated(twice, to + index * 8, at.get(table + index * 8) ?? null);
    }
    // Some linkers leave in place what the relocation says.
    twice.fill(0, image.offsetOf(to + 8) ?? 0, image.offsetOf(to + 16) ?? 0);
    t.equal(said(twice), 'NSS: 2 tables look like that of its secure sockets');
  },
);
