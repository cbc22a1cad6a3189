import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs';
import t, { type Test } from 'tap';
import { openImage } from '../../src/elf/index.js';
import type { ProbeSite, TlsDataEvent, TlsStack } from '../../src/event/index.js';
import { isCheap } from '../../src/resolve/placement.js';
import { resolveFile } from '../../src/resolve/index.js';
import { symbols } from '../../src/resolve/symbols.js';
import { compileTrigger } from '../helpers/compile.js';
import { whyNoKernel } from '../helpers/environment.js';
import { watchKernel } from '../helpers/kernel.js';

interface Truth {
  readonly pid: number;
  readonly threads: number;
  readonly stream_bytes: number;
}

const library = (): string =>
  realpathSync(execFileSync('cc', ['-print-file-name=libssl.so'], { encoding: 'utf8' }).trim());

const imageOf = (path: string) => {
  const file = readFileSync(path);
  return { size: file.length, read: (at: number, size: number) => file.subarray(at, at + size) };
};

/** What was read of each stream, by its first bytes (thread and direction), written and read. */
function streams(data: readonly TlsDataEvent[]): Map<string, string> {
  const parts = new Map<string, Buffer[]>();
  for (const event of data) {
    const key = `${event.ssl} ${event.direction}`;
    parts.set(key, [...(parts.get(key) ?? []), Buffer.from(event.bytes)]);
  }
  const digests = [...parts.entries()].map(([key, chunks]): [string, string] => {
    const whole = Buffer.concat(chunks);
    const digest = createHash('sha256').update(whole).digest('hex');
    const direction = key.split(' ')[1] ?? '';
    return [`${direction} ${whole.subarray(0, 4).toString('hex')}`, `${whole.length} ${digest}`];
  });
  return new Map(digests.sort(([a], [b]) => a.localeCompare(b)));
}

async function capture(parent: Test, sites: readonly ProbeSite[]) {
  let found: { truth: Truth; streams: Map<string, string> } | undefined;
  await parent.test(sites.map(({ call, entry }) => `${call}@${entry}`).join(' '), async (t) => {
    const program = compileTrigger('tls-bytes');
    const path = library();
    const fd = openSync(path, 'r');
    const { dev, ino } = fstatSync(fd, { bigint: true });
    const stack: TlsStack = {
      file: { dev: ((dev >> 8n) & 0xfffn) * 1_048_576n + (dev & 0xffn), inode: ino },
      path,
      library: 'openssl',
      by: 'symbols',
      sites,
    };
    const watch = watchKernel(t, [program]);
    watch.kernel.attach(stack, fd);
    closeSync(fd);
    const [truth] = await watch.run<Truth>([program, '--threads', '4']);
    if (truth === undefined) throw new Error('no truth');
    await watch.ended(truth.pid);
    watch.stop();
    t.same(watch.losses, [], 'nothing was lost');
    found = { truth, streams: streams(watch.of('tls_data', truth.pid)) };
  });
  if (found === undefined) throw new Error('nothing was captured');
  return found;
}

t.test(
  'probes where they cost the least read what probes on the public functions read',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const reader = imageOf(library());
    const image = openImage(reader);
    const resolution = resolveFile(reader);
    const whole = typeof image === 'string' ? null : symbols(image);
    const [best] = resolution.ok ? resolution.found : [];
    if (typeof image === 'string' || whole === null || best === undefined)
      throw new Error('the system has no OpenSSL to be read');
    if ('refused' in whole || 'refused' in best) throw new Error('refused');
    t.notSame(best.sites, whole.sites, 'another place was found');
    t.ok(
      best.sites.every((site) => isCheap(image, site)),
      'none of the places is stepped over',
    );
    // Early data is none here, and goes through SSL_write_ex.
    const outer = whole.sites.filter(
      ({ call }, at) => call !== 'write_ex' || at === whole.sites.findIndex((s) => s.call === call),
    );
    const before = await capture(t, outer);
    const after = await capture(t, best.sites);
    t.equal(before.streams.size, 4 * before.truth.threads, 'written and read, each way');
    t.same([...after.streams], [...before.streams], 'byte for byte');
    for (const [stream, told] of after.streams)
      t.match(told, new RegExp(`^${after.truth.stream_bytes} `), stream);
  },
);
