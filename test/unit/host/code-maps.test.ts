import t from 'tap';
import { codeMappings, isTrampoline, readMapsText } from '../../../src/host/code-maps.js';

const MAPS = `
7f0000000000-7f0000001000 r--p 00000000 08:01 77                         /lib/libssl.so.3
7f0000001000-7f0000003000 r-xp 00001000 08:01 77                         /lib/libssl.so.3
7f0000003000-7f0000004000 rwxp 00003000 08:01 77                         /lib/libssl.so.3
7f0000004000-7f0000005000 r-xs 00000000 00:2a 77                         /other device
7f0000005000-7f0000006000 r-xp 00000000 08:01 78                         /tmp/a 77 b
00400000-00500000 r-xp 00000000 08:01 79                                 /opt/agent
7f0000006000-7f0000007000 r-xp 00000000 00:00 0                          [uprobes-trampoline]
7f0000007000-7f0000008000 r-xp 00000000 08:01 80                         /tmp/x [uprobes-trampoline]
`;

t.test('executable mappings of a file, with where they begin in it', (t) => {
  const found = codeMappings(MAPS, 77n);
  t.match(found[0], { range: '7f0000001000-7f0000003000', from: 0x7f0000001000n, offset: 4096n });
  t.same(
    found.map(({ takesProbes }) => takesProbes),
    [true, false, false],
    'not those that are writable or shared',
  );
  t.match(codeMappings(MAPS, 79n), [{ range: '400000-500000' }], 'as map_files calls it');
  t.same(codeMappings(MAPS, 7n), []);
  t.end();
});

t.test('one file a thousand times is looked at as far as there is time', (t) => {
  const line = '7f0000001000-7f0000003000 r-xp 00001000 08:01 77 /x\n';
  t.equal(codeMappings(line.repeat(1000), 77n).length, 64);
  t.end();
});

t.test('the trampoline is the mapping of no file with its name', (t) => {
  t.equal(isTrampoline(MAPS, 0x7f0000006010n), true);
  t.equal(isTrampoline(MAPS, 0x7f0000007010n), false, 'a file may be called anything');
  t.equal(isTrampoline(MAPS, 0x7f0000005fffn), false);
  t.end();
});

t.test('the maps of a process that is gone are none', (t) => {
  t.ok(readMapsText(process.pid)?.includes('r-xp'));
  t.equal(readMapsText(2 ** 30), null);
  t.end();
});
