import { copyFileSync, readdirSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { followJson, startChild } from '../helpers/children.js';
import { makePlace, startDaemon } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { ofKind } from '../helpers/line.js';
import { startModelServer } from '../helpers/model-server.js';
import { makeNetworkNamespace } from '../helpers/network-namespace.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';

const SCRIPT = resolve('test/e2e/late_agent.py');
const LIBRARY = 'libssl.so.3';

/** Where the loader of this machine finds its OpenSSL. */
function systemLibrary(): string {
  const places = ['/usr/lib', '/usr/lib64', ...readdirSync('/usr/lib').map((d) => `/usr/lib/${d}`)];
  for (const place of places) {
    try {
      return realpathSync(join(place, LIBRARY));
    } catch {
      // Not there.
    }
  }
  throw new Error(`this machine has no ${LIBRARY}`);
}

t.test(
  'a library of its own, opened by an agent long after the daemon began, is read without a restart',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const library = scratchDirectory(t);
    copyFileSync(systemLibrary(), join(library, LIBRARY));
    const net = makeNetworkNamespace(t);
    const server = await startModelServer(t, net);
    const rule = { id: 'test/e2e/late', match: { argv: [`*${SCRIPT}`] } };
    const config = { agents: { signatures: false, rules: [rule] } };
    const daemon = await startDaemon(t, makePlace(t, config));
    const live = daemon.follow();

    const agent = startChild(t, net.inside(['/usr/bin/python3', SCRIPT]), {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...server.trust, LD_LIBRARY_PATH: library },
    });
    const answers = followJson(agent);
    const ask = async (path: string): Promise<void> => {
      const before = answers.length;
      agent.stdin?.write(`${path}\n`);
      await waitFor(`the answer to ${path}`, () => answers.length > before);
    };
    await waitFor('the agent', () => ofKind(live, 'agent').length === 1);
    t.same(ofKind(live, 'coverage'), [], 'it has no TLS yet');
    await ask('/v1/first');
    await waitFor('the probes', () => ofKind(live, 'coverage').length > 0);
    t.match(
      ofKind(live, 'coverage').map(({ coverage }) => coverage),
      [{ state: 'plaintext', reason: /^(recognised_late|attached)$/ }],
    );
    await ask('/v1/second');
    await waitFor('the second request', () =>
      ofKind(live, 'http').some(({ http }) => http?.path === '/v1/second'),
    );
    const seen = ofKind(live, 'http').length;
    t.ok(
      seen === 2 || ofKind(live, 'coverage')[0]?.coverage?.reason === 'recognised_late',
      'what was not read of the first is said',
    );
  },
);
