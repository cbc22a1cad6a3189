import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startChild } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { makePlace, readAll, startDaemon } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { reportOwn } from '../helpers/evasion-result.js';
import { findings, ofKind, type Line } from '../helpers/line.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';

/** Runs a program with each word it is told. */
const SCRIPT = 'while read -r word; do "$1" "$word"; done';
const NOOP = compileTrigger('noop');

/** A shell that lies where Claude Code does, so that it is known for it. */
function makeKnownAgent(t: Test): string {
  const folder = join(scratchDirectory(t), 'node_modules/@anthropic-ai/claude-code-test');
  mkdirSync(folder, { recursive: true });
  const exe = join(folder, 'claude');
  copyFileSync('/bin/bash', exe);
  return exe;
}

function startAgent(t: Test, exe: string): { pid: number; act: (word: string) => void } {
  const child = startChild(t, [exe, '-c', SCRIPT, 'agent', NOOP], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  return { pid: child.pid ?? 0, act: (word) => child.stdin?.write(`${word}\n`) };
}

const did = (lines: readonly Line[], word: string): Line | undefined =>
  ofKind(lines, 'exec').find(({ process }) => process?.argv[1] === word);

const sessionsOf = (lines: readonly Line[], pid: number): (string | undefined)[] =>
  ofKind(lines, 'agent')
    .filter(({ process }) => process?.pid === pid)
    .map(({ agent }) => agent?.session);

t.test(
  'agents keep their sessions over restarts of a daemon that pins nothing, and are accused once',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const known = makeKnownAgent(t);
    const named = join(scratchDirectory(t), 'bash');
    copyFileSync('/bin/bash', named);
    const place = makePlace(t, {
      agents: { rules: [{ id: 'test/evasion/restart', match: { exe: [named] } }] },
    });
    let daemon = await startDaemon(t, place);
    const agents = [startAgent(t, known), startAgent(t, named)];
    for (const [round, end] of (['stop', 'kill', 'stop'] as const).entries()) {
      const live = daemon.follow();
      for (const { act, pid } of agents) act(`round${round}-${pid}`);
      await waitFor('both in the journal', () =>
        agents.every(({ pid }) => did(live, `round${round}-${pid}`) !== undefined),
      );
      await waitFor('the known one to be accused', () =>
        findings(live, 'agent.unregistered').some(({ process }) => process?.pid === agents[0]?.pid),
      );
      await daemon[end]();
      if (round < 2) daemon = await startDaemon(t, place);
    }
    const all = await readAll(t, place);
    for (const { pid } of agents) {
      const sessions = sessionsOf(all, pid);
      t.equal(sessions.length, 3, 'each daemon says who it is');
      t.equal(new Set(sessions).size, 1, 'and that is one session');
      const acts = [0, 1, 2].map((round) => did(all, `round${round}-${pid}`)?.agent?.session);
      t.same(acts, sessions, 'to which all it does belongs');
    }
    const accused = findings(all, 'agent.unregistered');
    t.equal(accused.length, 1, 'it is told once that nobody registered it');
    t.equal(accused[0]?.process?.pid, agents[0]?.pid);
    reportOwn(
      t,
      'E48',
      'two agents live on while the daemon is stopped, killed and started again',
      ['the same sessions', 'one agent.unregistered'],
    );
  },
);
