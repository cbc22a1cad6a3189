import {
  copyFileSync,
  existsSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import t, { type Test } from 'tap';
import { followJson, startChild } from '../helpers/children.js';
import { makePlace, startDaemon } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { ofKind, type Line } from '../helpers/line.js';
import { startModelServer } from '../helpers/model-server.js';
import { makeNetworkNamespace } from '../helpers/network-namespace.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';

const SCRIPT = resolve('test/e2e/late_agent.py');
const NAME = 'libssl.so.3';

interface Client {
  readonly pid: number;
  /** Asks the model until a request was read: probes come to a file once it is known. */
  untilRead(): Promise<void>;
  /** Asks once, and that request is read. */
  read(): Promise<void>;
}

function systemLibrary(): string {
  const places = ['/usr/lib', '/usr/lib64', ...readdirSync('/usr/lib').map((d) => `/usr/lib/${d}`)];
  const found = places.map((place) => join(place, NAME)).find(existsSync);
  if (found === undefined) throw new Error(`this machine has no ${NAME}`);
  return realpathSync(found);
}

/** A daemon, and agents that load the library of one directory. */
async function prepare(
  t: Test,
): Promise<{ library: string; start: () => Client; live: readonly Line[] }> {
  const directory = scratchDirectory(t);
  const library = join(directory, NAME);
  copyFileSync(systemLibrary(), library);
  const net = makeNetworkNamespace(t);
  const server = await startModelServer(t, net);
  const rule = { id: 'test/faults/f18', match: { argv: [`*${SCRIPT}`] } };
  const daemon = await startDaemon(
    t,
    makePlace(t, { agents: { signatures: false, rules: [rule] } }),
  );
  const live = daemon.follow();
  const env = { ...process.env, ...server.trust, LD_LIBRARY_PATH: directory };
  let number = 0;
  const start = (): Client => {
    const agent = startChild(t, net.inside(['/usr/bin/python3', SCRIPT]), {
      stdio: ['pipe', 'pipe', 'inherit'],
      env,
    });
    const answers = followJson(agent);
    const ask = async (): Promise<string> => {
      const [path, before] = [`/v1/request-${++number}`, answers.length];
      agent.stdin?.write(`${path}\n`);
      await waitFor(`the answer to ${path}`, () => answers.length > before);
      return path;
    };
    const isRead = (asked: readonly string[]): boolean =>
      ofKind(live, 'http').some(({ http }) => asked.includes(http?.path ?? ''));
    const untilRead = async (): Promise<void> => {
      const asked: string[] = [];
      await waitFor('a request that was read', async () => {
        asked.push(await ask());
        return isRead(asked);
      });
    };
    const read = async (): Promise<void> => {
      const path = await ask();
      await waitFor(`${path} in the journal`, () => isRead([path]));
    };
    return { pid: agent.pid ?? 0, untilRead, read };
  };
  return { library, start, live };
}

/** Each state once: how early it was known is said beside, and may become better known. */
const coverageOf = (live: readonly Line[], pid: number): string[] => [
  ...new Set(
    ofKind(live, 'coverage').flatMap((line) =>
      line.process?.pid === pid ? [line.coverage?.state ?? ''] : [],
    ),
  ),
];

t.test(
  'the library of an agent is replaced by a rename',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const { library, start, live } = await prepare(t);
    const old = start();
    await old.untilRead();
    copyFileSync(library, `${library}.new`);
    renameSync(`${library}.new`, library);
    const fresh = start();
    await fresh.untilRead();
    t.same(coverageOf(live, fresh.pid), ['plaintext'], 'who maps the new file is read');
    // And so is who still maps the old one.
    await old.read();
  },
);

t.test('it is written over in place', { skip: whyNoKernel() ?? false }, async (t) => {
  const { library, start, live } = await prepare(t);
  const old = start();
  await old.untilRead();
  const { ino } = statSync(library);
  // The same bytes: other ones would bring down who maps them.
  writeFileSync(library, readFileSync(library), { flag: 'r+' });
  t.equal(statSync(library).ino, ino, 'it is the same file');
  const fresh = start();
  // Its probes are there before anybody maps it anew.
  await fresh.read();
  t.same(coverageOf(live, fresh.pid), ['plaintext']);
  await old.read();
});

t.test('it is deleted while it is in use', { skip: whyNoKernel() ?? false }, async (t) => {
  const { library, start, live } = await prepare(t);
  const agent = start();
  await agent.untilRead();
  rmSync(library);
  // Who maps it is still read.
  await agent.read();
  t.same(coverageOf(live, agent.pid), ['plaintext']);
  // The loader now finds the system's.
  const next = start();
  await next.untilRead();
  t.same(coverageOf(live, next.pid), ['plaintext']);
});
