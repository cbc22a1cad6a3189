import { execFileSync } from 'node:child_process';
import { closeSync, realpathSync } from 'node:fs';
import t, { type Test } from 'tap';
import { openRegular, type OpenFile } from '../../../src/host/files.js';
import { Resolver, type ResolverMemory } from '../../../src/host/resolver.js';
import type { Resolution } from '../../../src/resolve/index.js';

/** Holds a stack and is smaller than what is kept for its size; and one that holds none. */
const LIBSSL = realpathSync(
  execFileSync('cc', ['-print-file-name=libssl.so'], { encoding: 'utf8' }).trim(),
);
const WITHOUT = realpathSync('/bin/true');

function open(t: Test, path: string): OpenFile {
  const opened = openRegular(path);
  if (!opened.ok) throw new Error(`${path}: ${opened.reason}`);
  t.teardown(() => {
    closeSync(opened.file.fd);
  });
  return opened.file;
}

interface Kept extends ResolverMemory {
  readonly kept: (readonly [version: string, resolution: Resolution])[];
}

function memory(known: ResolverMemory['known'] = []): Kept {
  const kept: Kept['kept'] = [];
  return { known, kept, keep: (version, resolution) => kept.push([version, resolution]) };
}

t.test('what holds a stack is kept over restarts, however small', (t) => {
  const file = open(t, LIBSSL);
  const first = memory();
  const found = new Resolver(first).now(file);
  t.match(found, { ok: true });
  t.same(first.kept, [[file.version, found]]);
  const second = memory(first.kept);
  t.equal(new Resolver(second).now(file), found, 'the next one knows it');
  t.same(second.kept, []);
  t.end();
});

t.test('a small file without one is looked into again', (t) => {
  const file = open(t, WITHOUT);
  const kept = memory();
  const resolver = new Resolver(kept);
  const resolution = resolver.now(file);
  t.match(resolution, { ok: true, found: [] });
  t.same(kept.kept, []);
  t.equal(resolver.known(file), resolution, 'not by the same one');
  t.end();
});
