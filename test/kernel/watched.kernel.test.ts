import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parseLines, runCommand, type Command } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { whyNoKernel } from '../helpers/environment.js';
import { watchKernel, type KernelWatch } from '../helpers/kernel.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { startSinkServer, type Way } from '../helpers/sink-server.js';
import { waitFor } from '../helpers/wait.js';

const skip = whyNoKernel() ?? false;
const TRIGGERS = ['tls-bytes', 'connect-ways', 'udp-many'];
const DNS_PORT = 53;
const ADDRESS = '127.0.53.9';
const HANDSHAKE = 22;

/** Begins when its verdict stands: what it does first is in no race with one. */
async function runWatched<T>(t: Test, watch: KernelWatch, ...command: Command): Promise<T[]> {
  const { stdout } = await runCommand(t, command, {
    stdio: 'pipe',
    env: { ...process.env, WF_TRIGGER_WAIT: '1' },
    begun: async (child) => {
      await waitFor('the verdict', () => watch.of('exec', child.pid ?? 0).length > 0);
      child.stdin?.end('go\n');
    },
  });
  return parseLines<T>(stdout);
}

t.test('watched: flows and the hosts they name, and nothing that is said', { skip }, async (t) => {
  const [tls = '', tcp = '', udp = ''] = TRIGGERS.map(compileTrigger);
  // Each is asked about for itself: what a watched process executes is not watched.
  const watch = watchKernel(t, [tls, tcp, udp], { verdict: 'watched' });
  const run = <T>(...command: Command): Promise<T[]> => runWatched<T>(t, watch, ...command);
  watch.attachSystemTls();
  const { port } = await startSinkServer(t, '127.0.0.1');
  const dns = createSocket('udp4').bind(DNS_PORT, ADDRESS);
  await once(dns, 'listening');
  t.teardown(() => dns.close());
  const [encrypted] = await run<{ pid: number }>(tls, '--threads', '2');
  const [plain] = await run<Way>(tcp, '127.0.0.1', String(port));
  const [asked] = await run<{ pid: number }>(udp, ADDRESS, String(DNS_PORT), '--count', '3');
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
    t.same(watch.of('tls_data', pid), [], 'no plaintext');
    t.match(watch.of('exit', pid), [{ scope: 'watched' }]);
  }
  t.equal(payloadBytesForeign, 0);
  t.equal(payloadBytesAgent, 0);
});

const SCRIPT = `
read -r _
/bin/true & stranger=$!; wait $stranger
"$1" & asked=$!; wait $asked
echo '{"stranger":'$stranger',"asked":'$asked'}'
`;

t.test('what a watched process executes is let go, or asked about itself', { skip }, async (t) => {
  const [shell, program] = ['watched-shell', 'asked-program'].map((name) =>
    join(scratchDirectory(t), name),
  ) as [string, string];
  copyFileSync('/bin/bash', shell);
  copyFileSync('/bin/true', program);
  const watch = watchKernel(t, [shell, program], { verdict: 'watched' });
  const [ran] = await runWatched<{ stranger: number; asked: number }>(
    t,
    watch,
    ...([shell, '-c', SCRIPT, 'sh', program] as const),
  );
  const { stranger = 0, asked = 0 } = ran ?? {};
  await watch.ended(asked);
  watch.stop();
  t.same(
    watch.about(stranger).map((event) => (event.kind === 'exec' ? event.path : event.kind)),
    [''],
    'its end is not told',
  );
  t.match(watch.of('exec', asked), [{ asksVerdict: true, root: { tgid: asked } }]);
});
