import { closeSync, copyFileSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t, { type Test } from 'tap';
import { runCommand, startChild, type Command } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { makePlace, startDaemon } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { ofKind } from '../helpers/line.js';
import { linkedLibrary } from '../helpers/linked-library.js';
import { makeCertificate } from '../helpers/model-server.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';
import { makeWaitingShell, runSettled } from '../helpers/waiting-shell.js';

const PIECES = 1024;
const PIECE_BYTES = 1024 * 1024;
const TRANSFER = resolve('test/matrix/clients/transfer.sh');
const ROUGH = { signals: 20_000, longjmp: 2000, vfork: 2000, fork: 2000 } as const;

/** What ran, as far as it may not depend on whether anybody watches. */
interface Output {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
}

function outputOf({ code, signal, stdout }: Output): Output {
  return { code, signal, stdout };
}

/** `run`: once for each run, which may want to leave something somewhere. */
interface Workload {
  readonly name: string;
  run(round: string, probed: boolean): { readonly command: Command; readonly cwd: string };
}

/** 1 GiB, of which no two pieces are alike, and most of which takes no room on the disk. */
function makeLoad(directory: string): void {
  const file = openSync(join(directory, 'load'), 'w');
  for (let i = 0; i < PIECES; i++) writeSync(file, `piece ${i}\n`.repeat(100), i * PIECE_BYTES + i);
  ftruncateSync(file, PIECES * PIECE_BYTES);
  closeSync(file);
}

function workloads(t: Test): Workload[] {
  const directory = scratchDirectory(t);
  const { cert, key } = makeCertificate(t);
  copyFileSync(cert, join(directory, 'cert.pem'));
  copyFileSync(key, join(directory, 'key.pem'));
  makeLoad(directory);
  const [rough, awaitProbe] = [compileTrigger('tls-rough'), compileTrigger('await-probe')];
  return [
    {
      name: 'a transfer of 1 GiB from s_server to s_client',
      run: (round, probed) => {
        const awaits = probed ? [awaitProbe, linkedLibrary('/usr/bin/openssl', 'ssl') ?? ''] : [];
        return { command: ['bash', TRANSFER, 'load', round, ...awaits], cwd: directory };
      },
    },
    ...Object.entries(ROUGH).map(([mode, count]) => ({
      name: `${count} writes with ${mode}`,
      run: (_: string, probed: boolean) => {
        const command: Command = [rough, mode, String(count), ...(probed ? ['--await'] : [])];
        return { command, cwd: directory };
      },
    })),
  ];
}

t.test(
  'no workload does anything else because it is watched',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    t.setTimeout(280_000);
    const all = workloads(t);
    const bare = new Map<Workload, Output>();
    for (const workload of all) {
      const { command, cwd } = workload.run('bare', false);
      bare.set(workload, outputOf(await runCommand(t, command, { cwd })));
    }

    const shell = makeWaitingShell(t);
    const rules = [{ id: 'test/matrix/transparent', match: { exe: [shell] } }];
    const daemon = await startDaemon(t, makePlace(t, { agents: { rules } }));
    const live = daemon.follow();
    // An agent that does nothing, so that the system's library is probed for everybody.
    startChild(t, [shell, '-c', 'read -r _'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const isKnown = (pid: number): boolean =>
      ofKind(live, 'agent').some(({ process }) => process?.pid === pid);
    await waitFor('the agent', () => ofKind(live, 'agent').length > 0);

    for (const workload of all) {
      await t.test(workload.name, async (t) => {
        const expected = bare.get(workload);
        t.equal(expected?.code, 0, 'it does what it should');
        const agent = workload.run('agent', true);
        const watched = await runSettled(t, shell, agent.command, isKnown, { cwd: agent.cwd });
        t.notMatch(watched.stderr, 'no probe', 'there are probes');
        t.same(outputOf(watched), expected, 'the same as an agent');
        const stranger = workload.run('stranger', true);
        const unwatched = await runCommand(t, stranger.command, { cwd: stranger.cwd });
        t.notMatch(unwatched.stderr, 'no probe', 'there are probes');
        t.same(outputOf(unwatched), expected, 'the same as nobody in particular');
      });
    }
    t.equal(await daemon.stop(), 0);
  },
);
