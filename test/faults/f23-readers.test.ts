import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { MAX_CLIENTS, MAX_READERS, readSocketPath } from '../../src/readapi/index.js';
import { runCommand } from '../helpers/children.js';
import { makePlace, readAll, startDaemon } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { ofKind } from '../helpers/line.js';
import { ALL_WELL, judge, makeStorm, tokensOf } from '../helpers/oracle.js';
import { waitFor } from '../helpers/wait.js';

/** More than a reader's buffer and its socket's hold. */
const ACTIONS = 2500;
const TAIL = '{"v":1,"type":"tail","after":0,"follow":true}\n';

/** Connections that say something and never read. */
async function open(
  t: Test,
  path: string,
  count: number,
  text: string | Buffer,
): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect({ path, allowHalfOpen: true }));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (const socket of sockets) {
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(text);
  }
  return sockets;
}

t.test(
  'readers that do not read, or talk nonsense, take nothing from anybody else',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const storm = makeStorm(t);
    const place = makePlace(t, {
      agents: {
        signatures: false,
        rules: [{ id: 'test/faults/f23', match: { exe: [storm.exe] } }],
      },
    });
    const daemon = await startDaemon(t, place);
    const path = readSocketPath(place.runDir);
    const live = daemon.follow();
    const running = storm.start(['--count', String(ACTIONS)]);
    await waitFor('the agent', () => ofKind(live, 'agent').length > 0);

    const silent = await open(t, path, MAX_READERS - 2, TAIL);
    const [slow] = await open(t, path, 1, TAIL);
    await open(t, path, MAX_CLIENTS, '');
    await open(t, path, MAX_CLIENTS, '{"v":1,"type":"status"}\n');
    await open(t, path, MAX_CLIENTS, Buffer.alloc(64 * 1024, 0xff));
    running.go();
    // Twenty bytes a second: it is never silent, and never done.
    const sip = setInterval(() => {
      slow?.read(1);
    }, 50);
    t.teardown(() => {
      clearInterval(sip);
    });
    const { done } = await running.done;
    await waitFor('the last action', () => tokensOf(live).includes(done - 1));
    const { code, stdout } = await runCommand(t, place.command('status'));
    t.equal(code, 0, 'status answers');
    t.match(stdout, 'residual 0');
    t.same(judge(tokensOf(live), 0, done), ALL_WELL, 'who reads gets all of it');
    await waitFor('the end of those that do not read', () => silent.every((one) => isCut(one)));
    t.same(judge(tokensOf(await readAll(t, place)), 0, done), ALL_WELL);
    t.equal(await daemon.stop(), 0);
  },
);

/** The other end closed it: reading what is left comes to an end. */
function isCut(socket: Socket): boolean {
  socket.resume();
  return socket.readableEnded || socket.destroyed;
}
