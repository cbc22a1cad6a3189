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
  'sock_recv: a read that touched no socket knows the last one',
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

    const reads = watch.of('tls_data', truth.pid).filter(({ direction }) => direction === 'read');
    t.equal(Buffer.concat(reads.map(({ bytes }) => bytes)).toString(), 'a'.repeat(truth.received));
    const socket = watch
      .of('flow_state', truth.pid)
      .find(({ tuple }) => tuple.srcPort === truth.local_port);
    t.ok(socket, 'the connection was seen');
    for (const { socketCookie, lastReceive } of reads) {
      t.equal(socketCookie, null, 'a memory BIO touches no socket');
      t.equal(lastReceive, socket?.cookie, 'the last receive of the thread was on the connection');
    }
    t.same(watch.about(other.pid), [], 'a stranger gives nothing');
  },
);
