import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { z } from 'zod';

const packageJson = z
  .object({
    name: z.literal('watchfloor'),
    type: z.literal('module'),
    license: z.literal('Apache-2.0'),
    bin: z.object({ watchfloor: z.string() }),
    engines: z.object({ node: z.string() }),
    scripts: z.record(z.string(), z.string()),
    dependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(readFileSync('package.json', 'utf8')));

t.test('the command is there and can be run', async (t) => {
  const command = packageJson.bin.watchfloor;
  t.match(readFileSync(command, 'utf8'), /^#!\/usr\/bin\/env node\n/);
  accessSync(command, constants.R_OK);
});

t.test('Node 20.17 is enough, and only what npm runs by itself is an install script', async (t) => {
  t.equal(packageJson.engines.node, '>=20.17.0');
  // Without one npm would run node-gyp by itself because of binding.gyp.
  t.equal(packageJson.scripts.install, 'node scripts/build-native.mjs');
  t.notOk('prepare' in packageJson.scripts, 'npm ci --omit=dev has no compiler to run');
});

t.test('what is needed to run names both parts that are compiled, and is there', async (t) => {
  const files = execFileSync('node', ['scripts/runtime-files.mjs'], { encoding: 'utf8' })
    .trim()
    .split('\n');
  t.same(
    files.filter((path) => !existsSync(path)),
    [],
  );
  for (const name of ['watchfloor.node', 'watchfloor-signer']) {
    t.ok(files.includes(`build/Release/${name}`), name);
    accessSync(`build/Release/${name}`, constants.X_OK);
  }
});

t.test('what runs is pinned', async (t) => {
  const loose = Object.entries(packageJson.dependencies).filter(([, range]) => !/^\d/.test(range));
  t.same(loose, []);
});
