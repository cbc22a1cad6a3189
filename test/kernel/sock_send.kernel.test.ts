import { copyFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { asyncioClient, type Asyncio } from '../helpers/asyncio-client.js';
import { runForJson } from '../helpers/children.js';
import { whyNoKernel } from '../helpers/environment.js';
import { watchKernel } from '../helpers/kernel.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { startTlsEchoServer } from '../helpers/tls-echo-server.js';

const BYTES = 1000;

t.test(
  'sock_send: names the socket of a write that touched none',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const python = join(scratchDirectory(t), 'python-agent');
    copyFileSync(realpathSync('/usr/bin/python3'), python);
    const watch = watchKernel(t, [python]);
    watch.attachSystemTls();
    const port = await startTlsEchoServer(t);
    const [truth] = await watch.run<Asyncio>(asyncioClient(python, port, BYTES));
    const [other] = await runForJson<Asyncio>(t, asyncioClient('/usr/bin/python3', port, BYTES));
    if (truth === undefined || other === undefined) throw new Error('no truth');
    await watch.ended(truth.pid);
    watch.stop();

    const [write] = watch
      .of('tls_data', truth.pid)
      .filter(({ direction }) => direction === 'write');
    const sends = watch.of('tls_send', truth.pid).filter(({ call }) => call === write?.call);
    t.equal(sends.length, 1, 'the first send after the write, and only that');
    t.match(sends[0], { ssl: write?.ssl, plainBytes: truth.sent });
    t.ok((sends[0]?.sentBytes ?? 0) > truth.sent, 'with the overhead of the record');
    const socket = watch
      .of('flow_state', truth.pid)
      .find(({ tuple }) => tuple.srcPort === truth.local_port);
    t.equal(sends[0]?.cookie, socket?.cookie, "it is the connection's socket");
    t.same(watch.about(other.pid), [], 'a stranger gives nothing');
  },
);
