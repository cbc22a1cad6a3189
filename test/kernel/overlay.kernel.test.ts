import { appendFileSync, chmodSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import t from 'tap';
import { fileIdOf, probedFileOf } from '../../src/host/file-identity.js';
import { startChild } from '../helpers/children.js';
import { whyNoKernel } from '../helpers/environment.js';
import { scratchDirectory } from '../helpers/scratch.js';

/** Two overlays over one layer, with a file of their own each, in a mount namespace that ends with the process. */
const SCRIPT = `
cd "$1"
for name in one two; do
  mkdir "$name"
  mount -t tmpfs tmpfs "$name"
  mkdir "$name/upper" "$name/work" "$name/root"
  mount -t overlay overlay -o "lowerdir=image,upperdir=$name/upper,workdir=$name/work" "$name/root"
done
echo ready
read -r _`;

t.test(
  'on an overlay a file is the one below, whatever becomes of it',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const place = scratchDirectory(t);
    mkdirSync(join(place, 'image'));
    for (const name of ['library', 'other']) writeFileSync(join(place, 'image', name), name);
    const command = ['unshare', '--mount', 'bash', '-c', SCRIPT, 'bash', place] as const;
    const holder = startChild(t, command, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (holder.stdout !== null) await once(holder.stdout, 'data');
    const at = (...path: string[]): string => join(`/proc/${holder.pid ?? 0}/root`, place, ...path);
    const idOf = (path: string) => probedFileOf(path, statSync(path, { bigint: true }));
    const [one, two] = [at('one/root/library'), at('two/root/library')];

    t.not(statSync(one).dev, statSync(two).dev, 'two devices');
    t.same(idOf(one), idOf(two), 'and one file');
    t.notSame(idOf(one), idOf(at('one/root/other')));

    const own = at('one/root/own');
    writeFileSync(own, 'first');
    const born = idOf(own);
    const plain = at('one/upper/own');
    t.same(idOf(plain), fileIdOf(statSync(plain, { bigint: true })), 'without one it is itself');
    chmodSync(own, 0o755);
    appendFileSync(own, ' and more');
    renameSync(own, `${own}-renamed`);
    t.same(idOf(`${own}-renamed`), born, 'changed, and the same');
    appendFileSync(one, 'copied up');
    t.notSame(idOf(one), idOf(two), 'written to, it is another file than the one of the image');
    holder.stdin?.end('\n');
  },
);
