import t from 'tap';
import { ja4Of } from '../../../src/flow/ja4.js';
import { parseClientHello } from '../../../src/flow/tls-client-hello.js';
import { helloMessage, type HelloPlan } from './wire.js';

const hexes = (text: string): number[] => text.split(',').map((hex) => Number.parseInt(hex, 16));

function ja4(plan: HelloPlan, transport: 'tcp' | 'quic' = 'tcp'): string {
  const hello = parseClientHello(helloMessage(plan));
  if (hello === null) throw new Error('no hello');
  // Of the helper: a GREASE extension comes first.
  return ja4Of(hello.shape, transport);
}

t.test('JA4 of the hello its definition describes', (t) => {
  // github.com/FoxIO-LLC/ja4, technical_details/JA4.md: the lists as they were sent, with GREASE put in.
  const plan = {
    suites: hexes(
      '9a9a,1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035',
    ),
    sni: 'example.com',
    alpn: ['h2', 'http/1.1'],
    versions: [0xfafa, 0x0304, 0x0303],
    signatures: hexes('0403,0804,0401,0503,0805,0501,0806,0601'),
    empty: hexes('001b,0033,4469,0017,002d,0005,0023,0012,ff01,000b,000a,0015,1a1a'),
  };
  t.equal(ja4(plan), 't13d1516h2_8daaf6152771_e5627efa2ab1');
  t.equal(ja4(plan, 'quic'), 'q13d1516h2_8daaf6152771_e5627efa2ab1');
  const other = { ...plan, empty: [...plan.empty].reverse(), suites: [...plan.suites].reverse() };
  t.equal(ja4(other), ja4(plan), 'their order does not count');
  const signatures = [...plan.signatures].reverse();
  t.not(ja4({ ...plan, signatures }), ja4(plan), 'but that of the signatures');
  t.end();
});

t.test('JA4 where something is not there', (t) => {
  t.equal(ja4({ suites: [] }), 't12i000000_000000000000_000000000000');
  const many = Array.from({ length: 120 }, (_, i) => 0x2001 + i);
  t.match(ja4({ suites: many, empty: many.map((type) => type + 0x1000) }), /^t12i9999/);
  t.match(ja4({ versions: [0x0a0a] }), /^t00/, 'no version but grease');
  t.match(ja4({ versions: [0x0302, 0x0301] }), /^t11/);
  // The same list without signatures, as the definition gives it.
  const extensions = hexes('0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01');
  const without = ja4({ empty: extensions });
  t.equal(without.split('_')[2], '6d807ffa2a79');
  t.end();
});

t.test('JA4 shows a protocol by its ends, or by those of its hexadecimal form', (t) => {
  const shown: Record<string, string> = {
    h2: 'h2',
    'http/1.1': 'h1',
    h: 'hh',
    '\xab': 'ab',
    '\xab\xcd': 'ad',
    '0\xab': '3b',
    '01\xab\xcd': '3d',
    '0\xab\xcd1': '01',
    '': '00',
  };
  for (const [name, characters] of Object.entries(shown)) {
    t.equal(ja4({ alpn: [name] }).slice(8, 10), characters, JSON.stringify(name));
  }
  t.end();
});
