import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { runForJson, startChild } from '../helpers/children.js';
import { compileTrigger } from '../helpers/compile.js';
import { makePlace, readAll, startDaemon } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { ofKind } from '../helpers/line.js';
import { readKernelSide } from '../helpers/recording.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';

const MARKER = 'n0b0dys-plaintext';
const MESSAGES = 5000;

interface Load {
  readonly pid: number;
  readonly done: number;
  readonly sent_bytes: number;
  readonly received_bytes: number;
}

/**
 * The same program under two names: one is an agent's, one is nobody's. Five thousand messages in memory are ten thousand
 * calls: each is written and read in the process.
 */
t.test(
  'of processes outside every lineage no plaintext is copied',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const dir = scratchDirectory(t);
    const [nobody, agent] = [compileTrigger('tls-load'), join(dir, 'agent-load')];
    copyFileSync(nobody, agent);
    const config = {
      agents: { signatures: false, rules: [{ id: 'test/e2e/twin', match: { exe: [agent] } }] },
    };
    const recording = join(dir, 'recording');
    const daemon = await startDaemon(t, makePlace(t, config), '--record', recording);
    const live = daemon.follow();
    const load = ['memory', '--size', '1024', '--marker', MARKER] as const;

    // Alive, so that the library is probed while the foreign process runs.
    const holder = startChild(
      t,
      [agent, 'memory', '--size', '200', '--rate', '1', '--count', '600'],
      {
        stdio: 'ignore',
      },
    );
    await waitFor('plaintext coverage', () =>
      ofKind(live, 'coverage').some(({ coverage }) => coverage?.state === 'plaintext'),
    );
    const count = ['--count', String(MESSAGES)] as const;
    const [foreign] = await runForJson<Load>(t, [nobody, ...load, ...count]);
    const [twin] = await runForJson<Load>(t, [
      agent,
      'memory',
      '--size',
      '1024',
      '--marker',
      'the-agents-own',
      ...count,
    ]);
    await waitFor('the exit of the twin', () =>
      ofKind(live, 'exit').some(({ process }) => process?.pid === twin?.pid),
    );
    t.equal(await daemon.stop(), 0);

    t.equal(foreign?.done, MESSAGES);
    t.equal(twin?.done, MESSAGES);
    const recorded = readKernelSide(recording);
    // Its parent is an interpreter, which is watched: that the child is no more of it is all that is told.
    const told = recorded.events.filter(({ key }) => key.tgid === foreign?.pid);
    t.match(told, [{ kind: 'exec', scope: 'watched', path: '', cwd: '', argv: [], env: {} }]);
    t.equal(told.length, 1);
    t.equal(recorded.accounting.payloadBytesForeign, 0);
    const marked = recorded.batches.filter((bytes) => Buffer.from(bytes).includes(MARKER));
    t.equal(marked.length, 0, 'its marker is nowhere in what the kernel sent');
    const lines = await readAll(t, daemon.place);
    t.notOk(
      lines.some(({ process }) => process?.pid === foreign?.pid),
      'nor is it in the journal',
    );

    t.ok(recorded.batches.some((bytes) => Buffer.from(bytes).includes('the-agents-own')));
    const bytesOf = (pid: number | undefined): number =>
      recorded.events.reduce(
        (sum, e) => sum + (e.kind === 'tls_data' && e.key.tgid === pid ? e.bytes.length : 0),
        0,
      );
    const twinBytes = (twin?.sent_bytes ?? 0) + (twin?.received_bytes ?? 0);
    t.equal(bytesOf(twin?.pid), twinBytes, 'of the twin every byte came');
    t.equal(
      recorded.accounting.payloadBytesAgent,
      twinBytes + bytesOf(holder.pid),
      "the kernel's counter says the same",
    );
  },
);
