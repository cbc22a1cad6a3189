import { join } from 'node:path';
import t from 'tap';
import { makePlace, readAll, startDaemon } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { ofKind } from '../helpers/line.js';
import { makeNetworkNamespace, MODEL_HOSTS } from '../helpers/network-namespace.js';
import { account, readKernelSide } from '../helpers/recording.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';
import { makeWaitingShell, runSettled } from '../helpers/waiting-shell.js';
import { capturedOf, type Captured } from './recorded.js';
import { startMatrixServer } from './server.js';

const RUNS = 1000;
const HOST = MODEL_HOSTS[0];
const SCRIPT = `for ((i = 0; i < ${RUNS}; i++)); do
  curl -s --http1.1 --noproxy '*' -o /dev/null "https://${HOST}/short/$i" || exit
done`;

t.test(
  `${RUNS} short runs of curl by an agent: each request is read from its first byte`,
  { skip: whyNoKernel() ?? false },
  async (t) => {
    t.setTimeout(280_000);
    const net = makeNetworkNamespace(t);
    const server = await startMatrixServer(t, net, '--brief');
    const shell = makeWaitingShell(t);
    const file = join(scratchDirectory(t), 'recording');
    const rules = [{ id: 'test/matrix/short', match: { exe: [shell] } }];
    const place = makePlace(t, { agents: { signatures: false, rules } });
    const daemon = await startDaemon(t, place, '--record', file);
    const live = daemon.follow();
    const { code, stderr } = await runSettled(
      t,
      shell,
      net.inside(['bash', '-c', SCRIPT]),
      (pid) => ofKind(live, 'agent').some(({ process }) => process?.pid === pid),
      { env: { ...process.env, ...server.trust, NODE_OPTIONS: undefined } },
    );
    t.equal(code, 0, stderr);
    t.equal(server.seen.length, RUNS, 'the server answered each');
    await waitFor('the last exit', () => ofKind(live, 'exit').length > RUNS);
    t.equal(await daemon.stop(), 0);

    const { events, accounting, ...rest } = readKernelSide(file);
    t.equal(account({ events, accounting, ...rest }, 'payload').dropped, 0, 'nothing was lost');
    const captured = capturedOf(events);
    // A port is used again: a request of one session is among those that were sent from it.
    const asked = new Set(
      captured
        .filter(({ direction, missing }) => direction === 'write' && missing === 0)
        .map(({ port, pieces }) => `${port} ${firstLine(pieces)}`),
    );
    t.same(
      server.seen.filter((one) => !asked.has(`${one.peer_port} GET ${one.path} HTTP/1.1`)),
      [],
      'the bytes of each, from the first on, on the flow that the server saw',
    );
    const said = ofKind(await readAll(t, place), 'http');
    const of = (path: string, port: number) =>
      said.filter(({ http, net }) => http?.path === path && net?.src_port === port);
    t.same(
      server.seen.filter((one) => of(one.path, one.peer_port).length !== 1),
      [],
      'and a record of each',
    );
  },
);

/** Up to its end, when the first byte of the session is there. */
function firstLine(pieces: Captured['pieces']): string | undefined {
  const first = pieces.find(({ position }) => position === 0);
  return first && Buffer.from(first.bytes).toString('latin1').split('\r\n')[0];
}
