import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import protobuf from 'protobufjs';
import t from 'tap';

/** The ten golden messages of Agent Assembly: their fields give their bytes, and their bytes their fields. */

const FIXTURES = 'test/fixtures/agent-assembly';
const PACKAGES = ['common/v1/common', 'common/v1/risk', 'agent/v1/agent', 'policy/v1/policy'];

interface Vector {
  readonly description: string;
  readonly message_type: string;
  readonly golden_bin: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** protobuf gives a map no order on the wire; the golden bytes hold this one. */
const MAP_ORDER = ['team', 'env'];

const root = new protobuf.Root();
root.resolvePath = (_, file) => resolve('proto', file);
root.loadSync(
  PACKAGES.map((name) => `assembly/${name}.proto`),
  { keepCase: true },
);
root.resolveAll();

const vectors = readdirSync(join(FIXTURES, 'message_serialization')).map(
  (name) =>
    JSON.parse(readFileSync(join(FIXTURES, 'message_serialization', name), 'utf8')) as Vector,
);

/** The fields as protobufjs has them: `args_json_utf8` is bytes written as text, and a `note` is no field. */
function fieldsOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fieldsOf);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([name]) => name !== 'note');
  const at = (name: string): number => MAP_ORDER.indexOf(name);
  return Object.fromEntries(
    fields
      .sort(([a], [b]) => at(a) - at(b))
      .map(([name, inner]) =>
        name.endsWith('_utf8')
          ? [name.slice(0, -'_utf8'.length), Buffer.from(String(inner))]
          : [name, fieldsOf(inner)],
      ),
  );
}

t.test('there are ten of them, and bytes for each', async (t) => {
  t.equal(vectors.length, 10);
  const named = vectors.map((vector) => vector.golden_bin);
  t.same(readdirSync(join(FIXTURES, 'proto')).sort(), named.sort());
});

for (const vector of vectors) {
  t.test(`${vector.golden_bin}: ${vector.description}`, async (t) => {
    const type = root.lookupType(vector.message_type);
    const golden = readFileSync(join(FIXTURES, 'proto', vector.golden_bin));
    const fields = fieldsOf(vector.fields) as { [name: string]: unknown };

    const encoded = type.encode(type.fromObject(fields)).finish();
    t.equal(Buffer.from(encoded).toString('hex'), golden.toString('hex'), 'fields to bytes');

    const decoded = type.toObject(type.decode(golden), {
      ...{ enums: String, longs: Number, bytes: Buffer },
      defaults: true,
    });
    t.strictSame(decoded, fields, 'bytes to fields, and no field besides');
  });
}
