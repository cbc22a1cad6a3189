import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import t from 'tap';
import * as generated from '../../src/decode/layout.gen.js';
import { builtObjects } from './bpf-object.js';

type Offsets = Readonly<Record<string, number>>;
type Layout = Readonly<Record<string, Offsets>>;

interface BtfType {
  readonly kind: string;
  readonly name?: string;
  readonly size?: number;
  readonly members?: readonly { readonly name: string; readonly bits_offset: number }[];
}

const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

/** wf_exec: { SIZE, inode, ... } as TypeScript has it: padding has no name there. */
const committed: Layout = Object.fromEntries(
  Object.entries(generated)
    .filter(([, value]) => 'SIZE' in value)
    .map(([name, value]) => [name.toLowerCase(), value as Offsets]),
);

t.test('layout.gen.ts is what the generator makes of bpf/wire/wire.h', async (t) => {
  t.ok(Object.keys(committed).length > 5, 'there are structs to compare');
  const check = () => execFileSync('node', ['scripts/generate-layout.mjs', '--check']);
  t.doesNotThrow(check);
});

t.test('the C++ compiler of the addon sees the same offsets', async (t) => {
  const addon = createRequire(import.meta.url)('../../build/Release/watchfloor.node') as {
    wireLayout(): Layout;
  };
  const native = addon.wireLayout();
  for (const [name, offsets] of Object.entries(native)) {
    t.same(withoutPadding(offsets), committed[name], name);
  }
  const records = Object.keys(committed).filter((name) => 'h' in (committed[name] ?? {}));
  t.same(
    records.filter((name) => !(name in native)),
    [],
    'every record is reported',
  );
});

t.test('every object that is shipped carries the same layout', async (t) => {
  const objects = builtObjects();
  const complete = objects.filter((object) => 'wf_exec' in structs(object));
  t.ok(complete.length > 0, 'the linked object kept the types of layout.bpf.c');
  for (const object of objects) {
    for (const [name, offsets] of Object.entries(structs(object))) {
      if (name in committed) t.same(offsets, committed[name], `${object}: ${name}`);
    }
  }
});

function structs(object: string): Layout {
  const dump = execFileSync('bpftool', ['-j', 'btf', 'dump', 'file', object], {
    env: { ...process.env, PATH },
    maxBuffer: 64 * 1024 * 1024,
  });
  const { types } = JSON.parse(dump.toString('utf8')) as { types: readonly BtfType[] };
  return Object.fromEntries(
    types
      .filter((type) => type.kind === 'STRUCT' && type.name?.startsWith('wf_'))
      .map((type) => [type.name ?? '', withoutPadding(offsetsOf(type))]),
  );
}

function offsetsOf(type: BtfType): Offsets {
  const members = (type.members ?? []).map((m) => [m.name, m.bits_offset / 8] as const);
  return { SIZE: type.size ?? 0, ...Object.fromEntries(members) };
}

function withoutPadding(offsets: Offsets): Offsets {
  return Object.fromEntries(Object.entries(offsets).filter(([name]) => !name.startsWith('_pad')));
}
