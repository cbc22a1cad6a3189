import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { runForJson } from '../helpers/children.js';
import { whyNoKernel } from '../helpers/environment.js';
import { watchKernel } from '../helpers/kernel.js';
import { scratchDirectory } from '../helpers/scratch.js';

const skip = whyNoKernel() ?? false;

/** connect PATH...: a stream socket to each; a name that begins with @ is an abstract one. */
const CONNECTS = `
import json, os, socket, sys
for name in sys.argv[2:]:
    for _ in range(int(sys.argv[1])):
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(name.replace('@', '\\0', 1) if name[0] == '@' else name)
            except OSError:
                pass
print(json.dumps({'pid': os.getpid(), 'netns': os.stat('/proc/self/ns/net').st_ino}), flush=True)
`;

interface Truth {
  readonly pid: number;
  readonly netns: number;
}

const connects = (count: number, ...names: string[]) =>
  ['python3', '-c', CONNECTS, String(count), ...names] as const;

/**
 * The asks that are the test's own: where no HOME is set, a shell or Python on the way to the program
 * looks up its user, and the C library asks the name service's cache first.
 */
const ownAsks = <Open extends { readonly path: string }>(opens: readonly Open[]): Open[] =>
  opens.filter(({ path }) => path !== '/var/run/nscd/socket');

t.test('connect_unix: the address an agent asks at, as it was tried', { skip }, async (t) => {
  const watch = watchKernel(t, []);
  const status = watch.programs.find(({ name }) => name === 'wf_connect_unix');
  if (status?.state !== 'attached') {
    t.match(status, { state: 'unsupported', detail: /Linux 6\.7/ }, 'it is said why not');
    return;
  }
  const path = join(scratchDirectory(t), 'socket');
  const abstract = `watchfloor-test-${process.pid}`;
  for (const address of [path, `\0${abstract}`]) {
    const server = createServer((socket) => socket.end()).listen(address);
    t.teardown(() => server.close());
    await once(server, 'listening');
  }
  const longest = `/${'x'.repeat(106)}`;
  const names = [path, `@${abstract}`, '/nowhere/at/all', longest];
  const [truth] = await watch.run<Truth>(connects(1, ...names));
  const [other] = await runForJson<Truth>(t, connects(1, path));
  await watch.ended(truth?.pid ?? 0);
  watch.stop();
  const opens = ownAsks(watch.of('unix_open', truth?.pid ?? 0));
  t.same(
    opens.map((open) => open.path),
    names,
    'also where nobody listens',
  );
  t.equal(
    new Set(opens.map(({ cookie }) => cookie)).size,
    opens.length,
    'each socket has a cookie',
  );
  for (const open of opens) t.match(open, { scope: 'agent', netns: truth?.netns });
  t.same(watch.about(other?.pid ?? 0), [], 'a stranger gives nothing');
});

t.test('connect_unix: what is too much of one process is counted', { skip }, async (t) => {
  const watch = watchKernel(t, []);
  const count = 3000;
  const [truth] = await watch.run<Truth>(connects(count, '/nowhere/at/all'));
  await watch.ended(truth?.pid ?? 0);
  watch.stop();
  const told = ownAsks(watch.of('unix_open', truth?.pid ?? 0)).length;
  const over = watch.losses
    .filter(({ ring, cause }) => ring === 'network' && cause === 'call_limit')
    .reduce((sum, loss) => sum + Number(loss.count), 0);
  if (
    watch.programs.some(({ name, state }) => name === 'wf_connect_unix' && state !== 'attached')
  ) {
    t.equal(told + over, 0);
    return;
  }
  t.ok(told > 0 && told < count / 4, 'few are told');
  t.equal(told + over, count, 'the others are counted');
});
