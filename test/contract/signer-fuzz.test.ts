import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t from 'tap';
import {
  type Answer,
  AnswerReader,
  encodeCheckpoint,
  encodeHeartbeat,
  encodeStateRequest,
} from '../../src/signer/protocol.js';
import type { Owner } from '../helpers/children.js';
import { generate } from '../helpers/generator.js';
import { NaiveTree } from '../helpers/naive-tree.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { identify, ORIGIN, SIGNER, startSigner, step } from '../helpers/signer.js';

const ROUNDS = 300;
const SEED = 0xf022;
const DONE = 0;
const PROTOCOL = 76;
const DEADLINE_MS = 20_000;
const tree = new NaiveTree(40);

const present = (frame: Buffer | null): Buffer => frame ?? Buffer.alloc(0);
const GOOD: readonly Buffer[] = [
  encodeStateRequest(),
  present(encodeHeartbeat(7n, tree.root(3))),
  present(encodeCheckpoint(step(tree, 0, 37))),
  present(encodeCheckpoint(step(tree, 37, 40))),
];

interface Said {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** null: bytes that are no answers. */
  readonly answers: readonly Answer[] | null;
  readonly stderr: string;
}

/** What a signer of this directory answers to these bytes, and how it ends behind them. */
async function feed(t: Owner, directory: string, input: Buffer): Promise<Said> {
  const child = spawn(SIGNER, ['--directory', directory, '--origin', ORIGIN], { env: {} });
  const kill = () => child.kill('SIGKILL');
  const deadline = setTimeout(kill, DEADLINE_MS);
  t.teardown(kill);
  const output: Buffer[] = [];
  const complaint: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => complaint.push(chunk));
  // It may end before it has read all.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(deadline);
  const answers = new AnswerReader().push(Buffer.concat(output));
  return { code, signal, answers, stderr: Buffer.concat(complaint).toString() };
}

/** Good frames with bytes changed, frames cut or repeated, lengths of all sizes, or nothing but noise. */
function hostile(random: (below: number) => number): Buffer {
  const frames = Array.from({ length: 1 + random(6) }, () => {
    const frame = Buffer.from(present(GOOD[random(GOOD.length)] ?? null));
    for (let i = random(4); i > 0; i--) frame[random(frame.length)] = random(256);
    if (random(4) === 0) frame.writeUInt32LE(random(0x2400), 0);
    return random(6) === 0 ? frame.subarray(0, random(frame.length)) : frame;
  });
  if (random(5) > 0) return Buffer.concat(frames);
  return Buffer.from(Array.from({ length: random(20_000) }, () => random(256)));
}

t.test(
  `${String(ROUNDS)} inputs of noise are answered or refused, never signed twice`,
  async (t) => {
    const directory = join(scratchDirectory(t), 'signer');
    const words = new Uint32Array(generate(SEED, 4_000_000).buffer);
    let at = 0;
    const random = (below: number): number => (words[at++ % words.length] ?? 0) % below;
    const ends = { done: 0, protocol: 0, answered: 0 };
    const notes = new Map<string, string>();
    const bad: unknown[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      const input = hostile(random);
      const said = await feed(t, directory, input);
      const ended = said.code === DONE || (said.code === PROTOCOL && said.stderr.endsWith('\n'));
      if (!ended || said.answers === null) bad.push({ ...said, input: input.toString('hex') });
      for (const { outcome, body } of said.answers ?? []) {
        ends.answered++;
        const [origin, size = '', root = ''] = body.toString().split('\n', 3);
        if (outcome !== 'ok' || origin !== ORIGIN) continue;
        if ((notes.get(size) ?? root) !== root) bad.push(`two roots of size ${size}`);
        notes.set(size, root);
      }
      if (said.code === DONE) ends.done++;
      if (said.code === PROTOCOL) ends.protocol++;
    }
    t.same(bad, []);
    t.ok(ends.done > 20 && ends.protocol > 20 && ends.answered > 20, JSON.stringify(ends));
    await identify(startSigner(t, directory));
  },
);

const CASES: readonly (readonly [name: string, input: Buffer, reason: RegExp])[] = [
  ['a length of 0', Buffer.alloc(4), /no frame is of that length/],
  ['a length of 1', Buffer.of(1, 0, 0, 0, 1), /no frame is of that length/],
  ['a length of 8189', Buffer.of(0xfd, 0x1f, 0, 0), /no frame is of that length/],
  ['a length of 4 GiB', Buffer.alloc(4, 0xff), /no frame is of that length/],
  ['another version', Buffer.of(2, 0, 0, 0, 2, 1), /another version/],
  ['a frame that is cut', present(GOOD[2] ?? null).subarray(0, -1), /ended inside a frame/],
  ['a length that is cut', Buffer.of(2, 0), /ended inside a frame/],
];
for (const [name, input, reason] of CASES) {
  t.test(`${name} ends it with a reason`, async (t) => {
    const said = await feed(t, join(scratchDirectory(t), 'signer'), input);
    t.match(said, { code: PROTOCOL, signal: null, answers: [], stderr: reason });
  });
}

t.test(
  'a frame of the right form with a wrong body is invalid, and the next is served',
  async (t) => {
    const frame = (...bytes: number[]) => Buffer.of(bytes.length, 0, 0, 0, ...bytes);
    const tooMany = Buffer.from(present(GOOD[2] ?? null));
    tooMany.writeUInt8(65, 4 + 2 + 8 + 32 + 8);
    const input = Buffer.concat([
      frame(1, 9),
      frame(1, 1, 0),
      frame(1, 3, 1),
      tooMany,
      encodeStateRequest(),
    ]);
    const said = await feed(t, join(scratchDirectory(t), 'signer'), input);
    const outcomes = said.answers?.map((answer) => answer.outcome);
    t.same(outcomes, ['invalid', 'invalid', 'invalid', 'invalid', 'ok']);
    t.equal(said.code, DONE);
  },
);

t.test('without its arguments it says how it is used', async (t) => {
  for (const args of [[], ['--directory', '/tmp'], ['--origin', 'a', '--key', 'b']]) {
    const child = spawn(SIGNER, args, { env: {} });
    t.teardown(() => child.kill('SIGKILL'));
    const stderr: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    const [code] = (await once(child, 'close')) as [number | null];
    t.equal(code, 64);
    t.match(Buffer.concat(stderr).toString(), /^usage: watchfloor-signer --directory/);
  }
});
