import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t, { type Test } from 'tap';
import { runCommand, withoutRunner, type Finished } from '../helpers/children.js';
import { scratchDirectory } from '../helpers/scratch.js';

const RECORDING = 'test/fixtures/recordings/demo.wfrec';
const JOURNALED = readFileSync('test/fixtures/recordings/demo.jsonl', 'utf8');
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] as const;

const replay = (t: Test, ...args: string[]): Promise<Finished> =>
  runCommand(t, withoutRunner([process.execPath, 'dist/main.js', 'replay', ...args]));

/** A copy of the recording, changed. */
function copyWith(t: Test, change: (bytes: Buffer) => Buffer): string {
  const file = join(scratchDirectory(t), 'changed.wfrec');
  writeFileSync(file, change(readFileSync(RECORDING)));
  return file;
}

/** The same recording, but for what its header says of its events: magic, then length, checksum and payload. */
const withWireVersion =
  (version: number) =>
  (bytes: Buffer): Buffer => {
    const length = bytes.readUInt32LE(8);
    const header = bytes.subarray(16, 16 + length).toString('latin1');
    const changed = header.replace(/"wireVersion":\d+/, `"wireVersion":${version}`);
    const payload = Buffer.from(changed, 'latin1');
    const head = Buffer.from(bytes.subarray(0, 16));
    head.writeUInt32LE(payload.length, 8);
    head.writeUInt32LE(crc32(payload), 12);
    return Buffer.concat([head, payload, bytes.subarray(16 + length)]);
  };

t.test('a recording gives the records of its run again, byte for byte', async (t) => {
  const once = await replay(t, RECORDING, '-o', 'json');
  t.equal(once.code, 0, once.stderr);
  t.ok(once.stdout === JOURNALED, 'what the run had journaled');
  const again = await replay(t, RECORDING, '-o', 'json');
  t.ok(again.stdout === once.stdout, 'and the same every time');
});

t.test('it needs no privileges', { skip: process.getuid?.() !== 0 && 'not root' }, async (t) => {
  const command = [process.execPath, 'dist/main.js', 'replay', RECORDING, '-o', 'json'] as const;
  const { code, stdout, stderr } = await runCommand(t, withoutRunner([...NOBODY, ...command]));
  // A checkout below a directory that is root's alone is out of reach of anybody else.
  if (/EACCES|Cannot find module/.test(stderr)) t.comment('this checkout is not readable for all');
  else t.ok(code === 0 && stdout === JOURNALED, stderr);
});

t.test('its records are what the schema says', (t) => {
  const schema = JSON.parse(readFileSync('docs/schema/record.schema.json', 'utf8')) as object;
  const validate = new Ajv2020({ strict: false }).compile(schema);
  const lines = JOURNALED.trimEnd().split('\n');
  t.ok(lines.length > 50);
  for (const line of lines) t.ok(validate(JSON.parse(line)), JSON.stringify(validate.errors));
  t.end();
});

t.test('commands are listed and none is carried out', async (t) => {
  const { code, stdout, stderr } = await replay(t, RECORDING, '-o', 'json', '--commands');
  t.equal(code, 0);
  t.ok(stdout === JOURNALED, 'the records are not mixed with them');
  for (const what of ['verdict', 'look_up_stacks', 'attach', 'release']) t.match(stderr, what);
});

t.test('a recording that was cut gives what it holds, and says that it was cut', async (t) => {
  const whole = readFileSync(RECORDING).length;
  for (const length of [whole - 1, whole >> 1, 4096]) {
    const file = copyWith(t, (bytes) => bytes.subarray(0, length));
    const { signal, stdout, stderr } = await replay(t, file, '-o', 'json');
    t.equal(signal, null);
    t.ok(JOURNALED.startsWith(stdout), `${length} bytes: the beginning, unchanged`);
    t.not(stderr, '', `${length} bytes: it is said`);
    t.notMatch(stderr, /\n {4}at /, 'no stack trace');
  }
});

t.test('one whose events have another layout is refused, not misread', async (t) => {
  const file = copyWith(t, withWireVersion(2));
  const { code, stdout, stderr } = await replay(t, file, '-o', 'json');
  t.equal(code, 69);
  t.equal(stdout, '');
  t.match(stderr, /its events are of wire version 2, this program reads \d+/);
});

t.test('one that was changed, or is none, is refused or read up to there', async (t) => {
  const flipped = copyWith(t, (bytes) => {
    const at = bytes.length >> 1;
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    return bytes;
  });
  const none = copyWith(t, () => Buffer.from('no recording at all'));
  for (const file of [flipped, none, '/dev/null', '/nonexistent']) {
    const { code, signal, stdout, stderr } = await replay(t, file, '-o', 'json');
    t.equal(signal, null);
    t.ok(JOURNALED.startsWith(stdout), `${file}: nothing is made up`);
    t.notMatch(stderr, /\n {4}at /, 'no stack trace');
    t.ok(code !== 0 || stderr !== '', `${file}: it is said`);
  }
});
