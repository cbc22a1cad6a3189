import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Owner } from './children.js';
import { scratchDirectory } from './scratch.js';

/** What one start of a fake signer does. */
export interface FakeStart {
  /** State it says it has: size and root (a byte that is repeated). */
  readonly size?: number;
  readonly root?: number;
  readonly vkey?: string;
  /** Answers to what follows, in turn: outcome and body; 'hang': none; 'die': kill -9; 'noise': bytes that are none. */
  readonly answers?: readonly (
    readonly [outcome: number, body: string] | 'hang' | 'die' | 'noise'
  )[];
  /** Instead of all that: this exit code, behind this line on stderr. */
  readonly exit?: readonly [code: number, line: string];
}

export interface FakeSigner {
  readonly binary: string;
  readonly directory: string;
  /** One JSON of arguments and environment for each start. */
  starts(): readonly {
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  }[];
}

/** A program that speaks the signer's protocol and misbehaves as it is told, start by start; the last goes on. */
export function fakeSigner(t: Owner, plan: readonly FakeStart[]): FakeSigner {
  const directory = scratchDirectory(t);
  const binary = join(directory, 'fake-signer');
  const log = join(directory, 'starts');
  writeFileSync(log, '');
  writeFileSync(join(directory, 'plan.json'), JSON.stringify(plan));
  writeFileSync(binary, `#!${process.execPath}\n${SOURCE}`, { mode: 0o755 });
  const starts = () =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as ReturnType<FakeSigner['starts']>[number]);
  return { binary, directory, starts };
}

/** CommonJS, since a file without extension is nothing else to Node. */
const SOURCE = `
const fs = require('node:fs');
const path = require('node:path');
const file = (name) => path.join(__dirname, name);
const plan = JSON.parse(fs.readFileSync(file('plan.json')));
const before = fs.readFileSync(file('starts'), 'utf8').split('\\n').length - 1;
fs.appendFileSync(file('starts'), JSON.stringify({ args: process.argv.slice(2), env: process.env }) + '\\n');
const { size = 0, root = 0, vkey = 'fake+00000000+AAAA', answers = [], exit } = plan[Math.min(before, plan.length - 1)];
if (exit !== undefined) {
  fs.writeSync(2, exit[1] + '\\n');
  process.exit(exit[0]);
}
const reply = (outcome, body) => {
  const head = Buffer.alloc(6);
  head.writeUInt32LE(2 + body.length);
  head.set([1, outcome], 4);
  process.stdout.write(Buffer.concat([head, body]));
};
const identity = () => {
  const number = Buffer.alloc(8);
  number.writeBigUInt64LE(BigInt(size));
  const name = Buffer.from(vkey);
  const fields = [number, Buffer.alloc(32, root), Buffer.of(0), Buffer.of(name.length, 0), name];
  return Buffer.concat([...fields, Buffer.from('note ' + size)]);
};
let held = Buffer.alloc(0);
const left = [...answers];
process.stdin.on('data', (chunk) => {
  held = Buffer.concat([held, chunk]);
  while (held.length >= 4 && held.length >= 4 + held.readUInt32LE()) {
    const kind = held[5];
    held = held.subarray(4 + held.readUInt32LE());
    if (kind === 1) {
      reply(0, identity());
      continue;
    }
    const next = left.shift() ?? [0, 'a note'];
    if (next === 'die') process.kill(process.pid, 'SIGKILL');
    else if (next === 'noise') process.stdout.write(Buffer.alloc(64, 0xff));
    else if (next !== 'hang') reply(next[0], Buffer.from(next[1]));
  }
});
`;
