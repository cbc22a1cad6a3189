import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import t from 'tap';
import { runCommand, startChild, type Command, type Owner } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { makePlace, startDaemon, type Place } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { startHttpsServer } from '../helpers/https-server.js';
import { ofKind } from '../helpers/line.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';

const SCRIPT = resolve('test/e2e/container.sh');
const ASK = compileTrigger('tls-ask');
const LIBRARY = '/opt/libssl.so.3';
const UNSHARE = ['unshare', '--mount', '--pid', '--fork', '--kill-child'] as const;
const rule = {
  id: 'test/e2e/container',
  match: { exe: [realpathSync('/bin/bash')], argv: [`*${SCRIPT} *`] },
};

/** An image that holds nothing but a program and its libraries. */
function makeImage(t: Owner): string {
  const image = scratchDirectory(t);
  const put = (from: string, to: string): void => {
    mkdirSync(join(image, dirname(to)), { recursive: true });
    copyFileSync(from, join(image, to));
  };
  put(ASK, '/opt/tls-ask');
  for (const [path = ''] of execFileSync('ldd', [ASK], { encoding: 'utf8' }).matchAll(/\/\S+/g))
    put(path, path.includes('/libssl.so') ? LIBRARY : path);
  return image;
}

/** How often probes were put somewhere since the daemon began. */
async function attached(t: Owner, place: Place): Promise<number> {
  const { stdout } = await runCommand(t, place.command('status', '-o', 'json'));
  return (JSON.parse(stdout) as { commands: Record<string, number> }).commands['attach'] ?? 0;
}

t.test(
  'containers of one image are read through the same probes',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const image = makeImage(t);
    const server = await startHttpsServer(t);
    const place = makePlace(t, { agents: { signatures: false, rules: [rule] } });
    const daemon = await startDaemon(t, place);
    const live = daemon.follow();
    const env = { ...process.env, LD_LIBRARY_PATH: '/opt' };
    const container = (name: string, ...more: string[]): Command => [
      ...UNSHARE,
      ...['/bin/bash', SCRIPT, image, scratchDirectory(t)],
      ...['/opt/tls-ask', String(server.port), name, '--path', `/${name}`, '--await', LIBRARY],
      ...more,
    ];
    const heard = (name: string) => () =>
      live.some(({ http }) => http?.path === `/${name}` && http.status === 200) &&
      ofKind(live, 'coverage').length === (name === 'first' ? 1 : 2);

    startChild(t, container('first', '--linger', '30'), { env });
    await waitFor('the first container', heard('first'));
    const before = await attached(t, place);
    t.ok(before > 0);
    const { code, stderr } = await runCommand(t, container('second'), { env });
    t.equal(code, 0, stderr);
    await waitFor('the second container', heard('second'));

    t.equal(await attached(t, place), before, 'its library has probes already');
    const row = { state: 'plaintext', library: 'openssl', reason: 'attached', path: LIBRARY };
    t.same(
      ofKind(live, 'coverage').map(({ coverage }) => coverage),
      [row, row],
      'from the first byte, by the name it has in there',
    );
    t.same(ofKind(live, 'finding'), []);
    t.equal(await daemon.stop(), 0);
  },
);
