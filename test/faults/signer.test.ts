import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readJournal } from '../../src/journal/index.js';
import { decodeRecord } from '../../src/record/index.js';
import { readSignerState } from '../../src/signer/index.js';
import { parseCheckpoint } from '../../src/tlog/index.js';
import { makePlace, readAll, startDaemon, type Place } from '../helpers/daemon.js';
import { runCommand } from '../helpers/children.js';
import { whyNoKernel } from '../helpers/environment.js';
import { ofKind } from '../helpers/line.js';
import { ALL_WELL, judge, makeStorm, tokensOf } from '../helpers/oracle.js';
import { waitFor } from '../helpers/wait.js';

const KILLS = 3;
const RATE = 200;

/** The signer that is this daemon's child. */
function signerOf(daemon: number): number | undefined {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      const status = statusOf(pid);
      return status.includes('Name:\twatchfloor-sign\n') && status.includes(`PPid:\t${daemon}\n`);
    });
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

interface Numbers {
  /** The last record. */
  readonly last: bigint;
  /** The size that the last record of kind checkpoint signs. */
  readonly signed: bigint;
}

function numbersOf(place: Place): Numbers {
  let [last, signed] = [0n, 0n];
  for (const entry of readJournal(join(place.stateDir, 'journal'))) {
    if (!('seq' in entry)) continue;
    last = entry.seq;
    const decoded = decodeRecord(entry.bytes);
    if (decoded.ok && decoded.record.kind === 'checkpoint') {
      signed = decoded.record.checkpoint?.size ?? signed;
    }
  }
  return { last, signed };
}

t.test(
  'a signer that is killed costs no record, and what came meanwhile is signed by the next',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const storm = makeStorm(t);
    const rule = { id: 'test/faults/signer', match: { exe: [storm.exe] } };
    const place = makePlace(t, { agents: { signatures: false, rules: [rule] } });
    const daemon = await startDaemon(t, place);
    const live = daemon.follow();
    const running = storm.start(['--count', '1000000', '--rate', String(RATE)]);
    await waitFor('the agent', () => ofKind(live, 'agent').length > 0);
    running.go();
    const vkey = readSignerState(join(place.stateDir, 'signer')).vkey;
    for (let kill = 1; kill <= KILLS; kill++) {
      const pid = await waitFor('a signer', () => signerOf(daemon.pid));
      const { last } = numbersOf(place);
      process.kill(pid, 'SIGKILL');
      await waitFor('its end', () => signerOf(daemon.pid) !== pid);
      await waitFor(
        `a checkpoint behind kill ${kill}`,
        () => numbersOf(place).signed > last,
        60_000,
      );
    }
    running.end();
    const { done } = await running.done;
    await waitFor('the last action', () => tokensOf(live).includes(done - 1));
    t.equal(await daemon.stop(), 0);

    t.same(judge(tokensOf(await readAll(t, place)), 0, done), ALL_WELL);
    const { code, stdout, stderr } = await runCommand(t, place.command('verify'));
    t.equal(code, 0, stdout + stderr);
    const found = readSignerState(join(place.stateDir, 'signer'));
    t.equal(found.vkey, vkey, 'it is the same key');
    t.equal(found.state?.size, numbersOf(place).last, 'the stop signed the last record too');
    const note = readFileSync(join(place.stateDir, 'journal', 'checkpoint'), 'utf8');
    t.same(parseCheckpoint(note)?.size, found.state?.size);
  },
);
