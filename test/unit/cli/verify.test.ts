import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import t, { type Test } from 'tap';
import { Output, runCli } from '../../../src/cli/index.js';
import type { Services } from '../../../src/cli/index.js';
import { listSegments, readJournal } from '../../../src/journal/index.js';
import {
  decodeBase64,
  leafHash,
  parseCheckpoint,
  parseTlogProof,
  verifyConsistency,
  verifyInclusion,
  verifyNote,
} from '../../../src/tlog/index.js';
import { scratchDirectory } from '../../helpers/scratch.js';
import { keyOf, SignedNode } from '../../helpers/signed-node.js';

class Sink extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

const services: Services = {
  run: async () => Promise.resolve(0),
  gateway: async () => Promise.resolve(0),
  gatewayKey: async () => Promise.resolve(''),
  leftPins: async () => Promise.resolve('none'),
  exercise: async () => Promise.resolve({ programs: [], families: [] }),
};

interface Place {
  readonly node: SignedNode;
  /** The note of an early checkpoint, and of the last. */
  readonly notes: readonly [early: string, last: string];
  readonly cli: (...args: string[]) => Promise<{ code: number; out: string; err: string }>;
}

async function makePlace(t: Test): Promise<Place> {
  const dir = scratchDirectory(t);
  const node = new SignedNode(join(dir, 'state'), { segmentBytes: 65_536 });
  let early = '';
  await node.epoch(async (epoch) => {
    await epoch.records(300);
    early = await epoch.checkpoint();
    await epoch.records(400);
    await epoch.cosigned();
    await epoch.stop();
  });
  const config = join(dir, 'config.yaml');
  writeFileSync(config, `publish: { gateway_key: '${node.cosigner}' }\n`);
  chmodSync(config, 0o600);
  const cli = async (...args: string[]) => {
    const [out, err] = [new Sink(), new Sink()];
    const terminal = { out: new Output(out), err: new Output(err), color: false, unicode: false };
    const place = ['--config', config, '--state-dir', node.stateDir];
    const code = await runCli([...args, ...place], '1', terminal, services);
    return { code, out: out.text, err: err.text };
  };
  return { node, notes: [early, node.state.note], cli };
}

const file = (t: Test, text: string): string => {
  const path = join(scratchDirectory(t), 'file');
  writeFileSync(path, text);
  return path;
};

t.test('verify says what it checked: records, epochs, signed and cosigned sizes', async (t) => {
  const { cli } = await makePlace(t);
  const { code, out } = await cli('verify');
  t.equal(code, 0);
  t.match(out, /: intact\n {2}704 records, 1 to 704, 1 epoch\n/);
  t.match(out, /signed up to 704 by watchfloor\.v1\/default\/web-1; cosigned up to 701\n/);
  t.match(out, /checkpoints that hold: 3$/m);
  const json = await cli('verify', '-o', 'json');
  t.match(JSON.parse(json.out), { verdict: 'intact', records: 704, signedSize: '704', damage: [] });
});

t.test('verify names segment, bytes and records of a damage, and exits 1', async (t) => {
  const { node, cli } = await makePlace(t);
  const name = listSegments(node.journalDir)[1]?.name ?? '';
  const bytes = readFileSync(join(node.journalDir, name));
  bytes[9000] = (bytes[9000] ?? 0) ^ 4;
  writeFileSync(join(node.journalDir, name), bytes);
  const { code, out } = await cli('verify');
  t.equal(code, 1);
  t.match(out, new RegExp(`: tampered\n[^]*${name}, bytes \\d+ to \\d+: record \\d+: `));
});

t.test('verify takes another key, as text or file, and says when it is not the one', async (t) => {
  const { node, cli } = await makePlace(t);
  t.equal((await cli('verify', '--key', node.vkey)).code, 0);
  t.equal((await cli('verify', '--key', file(t, `${node.vkey}\n`))).code, 0);
  const other = new SignedNode(scratchDirectory(t));
  t.match(await cli('verify', '--key', other.vkey), { code: 1, out: /not signed by the key/ });
  t.match(await cli('verify', '--key', '/nonexistent'), { code: 64, err: /ENOENT/ });
  t.match(await cli('verify', '--key', file(t, 'no key')), { code: 64, err: /no verifier key/ });
  t.equal((await cli('verify', '--key', file(t, 'x'.repeat(20_000)))).code, 64);
});

t.test('verify holds a journal against a checkpoint that was kept elsewhere', async (t) => {
  const { node, notes, cli } = await makePlace(t);
  t.equal((await cli('verify', '--anchor', file(t, notes[0]))).code, 0);
  const other = await makePlace(t);
  cpSync(other.node.stateDir, node.stateDir, { recursive: true });
  rmSync(join(node.journalDir, 'cosigned'));
  const swapped = await cli('verify', '--anchor', file(t, notes[0]));
  t.match(swapped, { code: 1, out: /anchor, bytes/ });
  t.equal((await cli('verify')).code, 0, 'without the anchor nothing is wrong with it');
});

t.test('prove prints a proof that stands on its own', async (t) => {
  const { node, cli } = await makePlace(t);
  for (const seq of [1n, 256n, 300n, 699n, 704n]) {
    const { code, out } = await cli('prove', `${seq}`);
    t.equal(code, 0);
    const parsed = parseTlogProof(out);
    const head = parseCheckpoint(parsed?.checkpoint ?? '');
    if (parsed === null || head === null) return t.fail(out);
    t.ok(verifyNote(parsed.checkpoint, keyOf(node.vkey)));
    const [record] = [...readJournal(node.journalDir, { after: seq - 1n, until: seq })];
    const leaf = leafHash(record && 'bytes' in record ? record.bytes : Buffer.alloc(0));
    t.ok(verifyInclusion(leaf, seq - 1n, head.size, parsed.proof, head.root), `${seq}`);
  }
  return undefined;
});

t.test('prove says why a record cannot be proved, and prints nothing', async (t) => {
  const { node, cli } = await makePlace(t);
  t.match(await cli('prove', '705'), { code: 1, out: '', err: /not signed yet/ });
  t.match(await cli('prove', '0'), { code: 1, out: '', err: /numbered from 1/ });
  t.equal((await cli('prove', 'x')).code, 64);
  const name = listSegments(node.journalDir)[0]?.name ?? '';
  const bytes = readFileSync(join(node.journalDir, name));
  bytes[500] = (bytes[500] ?? 0) ^ 1;
  writeFileSync(join(node.journalDir, name), bytes);
  t.match(await cli('prove', '1'), { code: 1, out: '', err: /record 1 is not here/ });
  const other = new SignedNode(scratchDirectory(t));
  t.match(await cli('prove', '9', '--key', other.vkey), { code: 1, err: /no checkpoint/ });
});

t.test('consistency prints the proof from one signed size to another', async (t) => {
  const { node, notes, cli } = await makePlace(t);
  const [early, last] = [parseCheckpoint(notes[0]), parseCheckpoint(notes[1])];
  if (early === null || last === null) return t.fail();
  const { code, out } = await cli('consistency', `${early.size}`, `${last.size}`);
  t.equal(code, 0);
  const proof = out
    .trim()
    .split('\n')
    .flatMap((line) => decodeBase64(line) ?? []);
  t.ok(verifyConsistency(early.size, early.root, last.size, last.root, proof));
  t.match(await cli('consistency', '704', '704'), { code: 0, out: '' });
  t.match(await cli('consistency', '704', '300'), { code: 1, err: /the larger one/ });
  t.match(await cli('consistency', '300', '9999'), { code: 1, err: /not here/ });
  writeFileSync(join(node.journalDir, 'tile', '0', '000'), Buffer.alloc(8192, 7));
  t.match(await cli('consistency', '300', '704'), { code: 1, err: /not what was signed/ });
  return undefined;
});
