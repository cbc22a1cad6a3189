/** Children of the scene: started, read line by line, waited for by condition, ended by pid. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { clearTimeout, setTimeout } from 'node:timers';
import { setTimeout as delay } from 'node:timers/promises';

const children = new Set();

/** Every started child of ours is told to end; those that do not are killed. Resolves when all have gone. */
export async function endChildren() {
  await Promise.all([...children].map((child) => endChild(child)));
}

/** Resolves when it has ended: SIGTERM, and SIGKILL after ten seconds. */
export async function endChild(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(killer);
}

/** Starts a program. With `lines` its output is parsed as JSON lines into `child.lines`. */
export function start(command, args, { lines = false, ...options } = {}) {
  const child = spawn(command, args, {
    stdio: ['ignore', lines ? 'pipe' : 'inherit', 'inherit'],
    ...options,
  });
  children.add(child);
  child.once('close', () => children.delete(child));
  child.once('error', (error) => console.error(`${command}: ${error.message}`));
  child.lines = [];
  if (lines) {
    createInterface({ input: child.stdout }).on('line', (line) =>
      child.lines.push(JSON.parse(line)),
    );
  }
  return child;
}

/** A program run to its end: its pid, exit code and what it wrote. */
export function run(command, args, options = {}) {
  const child = start(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const output = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  child.stderr.on('data', (chunk) => output.push(chunk));
  return new Promise((resolve) => {
    child.once('error', () =>
      resolve({ pid: 0, code: null, text: `${command} could not be started` }),
    );
    child.once('close', (code) => {
      resolve({ pid: child.pid, code, text: Buffer.concat(output).toString().trim() });
    });
  });
}

/** The first truthy answer of `condition`, or an error that names what was waited for. */
export async function until(what, condition, deadlineMs = 90_000) {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited ${deadlineMs / 1000} s for ${what}`);
    await delay(50);
  }
}
