import { createHash } from 'node:crypto';
import t from 'tap';
import { plausibleRole } from '../../../src/tls/plausible.js';

const role = (bytes: Buffer, length = bytes.length) => plausibleRole(bytes, length);
const text = (said: string) => role(Buffer.from(said, 'latin1'));
/** Bytes as good as random, and the same at every run. */
const noise = (seed: number, length: number): Buffer => {
  const parts: Buffer[] = [];
  for (let i = 0; parts.length * 32 < length; i += 1) {
    parts.push(createHash('sha256').update(`${seed}/${i}`).digest());
  }
  return Buffer.concat(parts).subarray(0, length);
};

t.test('HTTP says which side it is', async (t) => {
  for (const asks of [
    'GET / HTTP/1.1\r\n',
    'POST /v1',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'M-SEARCH *',
  ])
    t.equal(text(asks), 'asks', asks);
  for (const answers of ['HTTP/1.1 200 OK\r\n', 'HTTP/1.0 404', 'HTTP/2 200'])
    t.equal(text(answers), 'answers', answers);
  t.equal(role(Buffer.from('00000c0400000000000003000000640004', 'hex')), 'answers', 'SETTINGS');
  t.equal(role(Buffer.from('000004080000000000000f0001', 'hex')), 'answers', 'WINDOW_UPDATE');
  t.equal(role(Buffer.from('0000080600000000000102030405060708', 'hex')), 'answers', 'PING');
  t.equal(role(Buffer.from('00000d0400000000000003000000640004', 'hex')), null, 'no such SETTINGS');
  t.equal(role(Buffer.from('00000c040000000001', 'hex')), null, 'SETTINGS of a stream');
});

t.test('other protocols are known by their marks', async (t) => {
  t.equal(text('SSH-2.0-OpenSSH'), 'either');
  t.equal(text('{"type":"response.create"}'), 'either');
  t.equal(role(Buffer.from('Größe: 1 €\n')), 'either', 'UTF-8');
  t.equal(role(Buffer.from('Größe: 1 €').subarray(0, -1)), 'either', 'cut inside of a character');
  t.equal(role(Buffer.from('160301020001000001fc0303', 'hex')), 'either', 'TLS inside TLS');
  t.equal(role(Buffer.from('1603050200010000', 'hex')), null, 'no such version');
  t.equal(role(Buffer.from('81850102030440404040', 'hex'), 11), 'either', 'a masked frame of 5');
  t.equal(role(Buffer.from('81850102030440404040', 'hex'), 60), null, 'not of 60');
  t.equal(
    role(Buffer.from('c17e0123ffeeddccbbaa9988', 'hex'), 4 + 0x123),
    'either',
    'deflated, of 291',
  );
  t.equal(role(Buffer.from('827f0000000000010000ffee', 'hex'), 10 + 65_536), 'either', 'of 64 KiB');
  t.equal(role(Buffer.from('b1850102030440404040', 'hex'), 11), null, 'reserved bits');
  t.equal(role(Buffer.from('0000000800030000ffee', 'hex'), 8), 'either', 'PostgreSQL');
  t.equal(role(Buffer.from('2c000000ffeeddcc', 'hex'), 48), 'either', 'its own length not counted');
  t.equal(role(Buffer.from('0a0561ff62fe63100112021f1e', 'hex')), 'either', 'protobuf');
  t.equal(
    role(Buffer.from('0a0561ff62fe631001120a1f1e', 'hex')),
    null,
    'a field that goes on behind',
  );
  t.equal(role(Buffer.from('0961ff62fe63616263150102ff04', 'hex')), 'either', 'fixed widths');
});

t.test('noise and what memory is full of is nothing', async (t) => {
  let taken = 0;
  for (let seed = 0; seed < 2000; seed += 1) {
    if (role(noise(seed, 16 + (seed % 600)), 4096 + seed) !== null) taken += 1;
  }
  t.ok(taken <= 2, `${taken} of 2000`);
  t.equal(role(Buffer.alloc(64)), null, 'zeros');
  t.equal(role(Buffer.from('f8e4a1d2ff7f0000204e5bd2ff7f0000', 'hex')), null, 'pointers');
  t.equal(role(Buffer.alloc(0)), null);
  t.equal(role(Buffer.from([0x81])), null);
  t.equal(text('GET'), null, 'too little');
});

t.test('no bytes make it throw', async (t) => {
  for (let seed = 0; seed < 3000; seed += 1) {
    const bytes = noise(seed, seed % 40);
    role(bytes, bytes.length);
    role(Buffer.concat([Buffer.from([0x0a, seed & 255]), bytes]));
  }
  t.pass('none did');
});
