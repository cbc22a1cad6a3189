import t from 'tap';
import { isDohPath, isResolverHost, nameServiceOf } from '../../../src/flow/resolver.js';

const signs = { host: null, alpn: ['h2'], address: '203.0.113.5', port: 443 };

t.test('DNS inside of TLS is known by name, by protocol, by port and by address', (t) => {
  t.equal(nameServiceOf({ ...signs, host: 'Dns.Google.' }), 'doh');
  t.equal(nameServiceOf({ ...signs, host: 'mozilla.cloudflare-dns.com' }), 'doh');
  t.equal(nameServiceOf({ ...signs, host: 'notdns.google' }), null, 'only whole labels');
  t.equal(nameServiceOf({ ...signs, host: 'example.com', address: '1.1.1.1' }), null);
  t.equal(nameServiceOf({ ...signs, address: '1.1.1.1' }), 'doh', 'nobody is named');
  t.equal(nameServiceOf({ ...signs, address: '1.1.1.1', port: 8443 }), null);
  t.equal(nameServiceOf(signs), null);
  t.equal(nameServiceOf({ ...signs, host: 'a.test', alpn: ['dot'] }), 'dot');
  t.equal(nameServiceOf({ ...signs, host: 'a.test', alpn: ['doq'], port: 853 }), 'doq');
  t.equal(nameServiceOf({ ...signs, alpn: [], port: 853 }), 'dot');
  t.equal(nameServiceOf({ ...signs, port: 853 }), null, 'something else is offered');
  t.ok(isResolverHost('dns.quad9.net'));
  t.ok(isDohPath('/dns-query') && isDohPath('/dns-query?dns=AAAB') && isDohPath('/dns-query/x'));
  t.notOk(isDohPath('/dns-querying') || isDohPath('/v1/dns-query'));
  t.end();
});
