import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import t from 'tap';
import { compileTrigger } from '../helpers/compile.js';
import { whyNoKernel } from '../helpers/environment.js';
import { watchKernel } from '../helpers/kernel.js';
import { startSinkServer, type Way } from '../helpers/sink-server.js';

const skip = whyNoKernel() ?? false;
const DNS_PORT = 53;
const ADDRESS = '127.0.53.9';
const HANDSHAKE = 22;

t.test('watched: flows and the hosts they name, and nothing that is said', { skip }, async (t) => {
  const [tls, tcp, udp] = ['tls-bytes', 'connect-ways', 'udp-many'].map(compileTrigger);
  const watch = watchKernel(t, [], { verdict: 'watched' });
  watch.attachSystemTls();
  const { port } = await startSinkServer(t, '127.0.0.1');
  const dns = createSocket('udp4').bind(DNS_PORT, ADDRESS);
  await once(dns, 'listening');
  t.teardown(() => dns.close());
  const [encrypted] = await watch.run<{ pid: number }>([tls ?? '', '--threads', '2']);
  const [plain] = await watch.run<Way>([tcp ?? '', '127.0.0.1', String(port)]);
  const asks = [udp ?? '', ADDRESS, String(DNS_PORT), '--count', '3'] as const;
  const [asked] = await watch.run<{ pid: number }>(asks);
  const pids = [encrypted, plain, asked].map((one) => one?.pid ?? 0);
  for (const pid of pids) await watch.ended(pid);
  const { payloadBytesForeign, payloadBytesAgent } = watch.stop();

  const [tlsPid = 0, plainPid = 0, askedPid = 0] = pids;
  const hellos = watch.of('wire_head', tlsPid);
  t.equal(hellos.length, 2, 'one ClientHello a connection');
  for (const { bytes, scope } of hellos) {
    t.equal(bytes[0], HANDSHAKE);
    t.equal(scope, 'watched');
  }
  t.ok(watch.of('flow_open', plainPid).length > 0, 'a flow is told');
  t.ok(watch.of('flow_state', plainPid).length > 0, 'and what became of it');
  t.same(watch.of('wire_head', plainPid), [], 'but not how it begins');
  t.equal(watch.of('wire_head', askedPid).length, 3, 'a question names a host');
  for (const pid of pids) {
    t.ok(watch.of('exec', pid).some(({ scope }) => scope === 'watched'));
    t.same(watch.of('tls_data', pid), [], 'no plaintext');
    t.match(watch.of('exit', pid), [{ scope: 'watched' }]);
  }
  t.equal(payloadBytesForeign, 0);
  t.equal(payloadBytesAgent, 0);
});
