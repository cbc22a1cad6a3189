import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  readFileSync,
  realpathSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { HostFact, ProcessKey, StacksFact } from '../../../src/event/index.js';
import { openHost } from '../../../src/host/index.js';
import { kernelDev } from '../../../src/host/file-identity.js';
import { libraryDirs } from '../../../src/host/libraries.js';
import { startTicks } from '../../../src/host/procfs.js';
import { startChild } from '../../helpers/children.js';
import { waitFor } from '../../helpers/wait.js';

const later: HostFact[] = [];
const host = openHost({
  later: (fact) => {
    later.push(fact);
  },
});

const keyOf = (pid: number): ProcessKey => {
  const ticks = startTicks(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  return { tgid: pid, startNs: (ticks ?? 0n) * 10_000_000n };
};

const ask = (key: ProcessKey | null): StacksFact => {
  const fact = host.stacksFact(key);
  if (fact.fact !== 'stacks') throw new Error('another answer');
  return fact;
};

/** The whole answer, whether it came at once or later. */
const stacksOf = async (key: ProcessKey): Promise<StacksFact> => {
  const fact = ask(key);
  if (!fact.pending) return fact;
  const whole = (found: HostFact): found is StacksFact =>
    found.fact === 'stacks' && found.key?.tgid === key.tgid && !found.pending;
  return waitFor('the whole answer', () => later.find(whole));
};

/** A copy of cat that waits for its standard input. */
const startCat = (t: Test): ProcessKey => {
  const file = join(t.testdir({}), 'bot');
  copyFileSync('/bin/cat', file);
  return keyOf(startChild(t, [file], { stdio: ['pipe', 'ignore', 'ignore'] }).pid ?? 0);
};

t.test(
  "node's own stack is found, by its file and no name, and opened by its identity",
  async (t) => {
    const self = keyOf(process.pid);
    const { stacks } = await stacksOf(self);
    const stack = stacks.find(({ path }) => path === realpathSync(process.execPath));
    if (stack === undefined) throw new Error('node has no TLS stack');
    const calls = stack.sites.map(({ call }) => call.replace(/_.*/, ''));
    t.ok(calls.includes('write') && calls.includes('read'));
    const fd = host.openStack(stack, self);
    if (fd === null) throw new Error('it cannot be opened');
    const { dev, ino } = fstatSync(fd, { bigint: true });
    closeSync(fd);
    t.same({ dev: kernelDev(dev), inode: ino }, stack.file);
    const wrong = { ...stack, file: { ...stack.file, inode: stack.file.inode + 1n } };
    t.equal(host.openStack(wrong, self), null);
    t.equal(host.openStack(wrong, null), null);
    t.equal(host.openStack(stack, { ...self, startNs: 1n }), null, 'another process');
    t.match(ask(self), { pending: false, stacks }, 'what is known is told at once');
  },
);

t.test('a program without TLS has no stack, and that is no complaint', async (t) => {
  const key = startCat(t);
  t.match(await stacksOf(key), { key, gone: false, stacks: [], unreadable: [] });
});

t.test('of another process under the same pid nothing is said', async (t) => {
  const key = startCat(t);
  const other = { ...key, startNs: key.startNs + 10_000_000n };
  const gone = { fact: 'stacks', key: other, gone: true };
  t.same(ask(other), { ...gone, stacks: [], pending: false, unreadable: [] });
});

t.test('what is installed is looked into before it is asked about', async (t) => {
  const fact = await waitFor('node', () => {
    const found = ask(null);
    return found.pending ? null : found;
  });
  t.match(fact, { key: null, gone: false });
  const names = fact.stacks.map(({ path }) => path.slice(path.lastIndexOf('/') + 1));
  const isNss = libraryDirs().some((dir) => existsSync(join(dir, 'libssl3.so')));
  t.equal(names.includes('libssl3.so'), isNss);
  t.match(names.filter((name) => !name.startsWith('lib')).sort()[0], /^(bun|deno|node)/);
});
