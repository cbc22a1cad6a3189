import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { runCommand } from '../helpers/children.js';
import { makePlace, readAll, startDaemon, type Place } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { findings, ofKind, type Line } from '../helpers/line.js';
import { makeStorm, tokensOf, type Storm } from '../helpers/oracle.js';
import { waitFor } from '../helpers/wait.js';

const SMALL = '1m';
const ENOUGH = '64m';
/** More records than the small disk takes. */
const FILLING = 2000;
/** Actions a second: what waits in memory when the disk is found full is less than the reserve. */
const RATE = 500;
const FINDINGS = 5;
const RESUMES_MS = 5000;

/** A file system of its own for the journal of a place, so small that it fills. */
function mountSmall(t: Test, place: Place): (size: string) => void {
  const directory = join(place.stateDir, 'journal');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  execFileSync('mount', [
    '-t',
    'tmpfs',
    '-o',
    `size=${SMALL},mode=0700`,
    'watchfloor-test',
    directory,
  ]);
  t.teardown(() => execFileSync('umount', [directory]));
  return (size) => execFileSync('mount', ['-o', `remount,size=${size}`, directory]);
}

const placeFor = (t: Test, storm: Storm): Place =>
  makePlace(t, {
    agents: { signatures: false, rules: [{ id: 'test/faults/f09', match: { exe: [storm.exe] } }] },
    governance: { default: { proxy: 'required', exempt: [] } },
  });

t.test(
  'on a full disk findings still land, activity is shed by count, and room brings all of it back',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const storm = makeStorm(t);
    const place = placeFor(t, storm);
    const resize = mountSmall(t, place);
    const daemon = await startDaemon(t, place);
    const live = daemon.follow();
    // Known as agents while there is room to say so.
    const filling = storm.start(['--count', String(FILLING), '--rate', String(RATE)]);
    const around = storm.start(['--count', '1', '--datagrams', String(FINDINGS)]);
    const later = storm.start(['--count', '100000', '--rate', '100']);
    await waitFor('the agents', () => ofKind(live, 'agent').length === 3);
    filling.go();
    const { done } = await filling.done;
    await waitFor('the loss in the journal', () => journalGaps(live).length > 0);
    t.ok(tokensOf(live).length < done, 'the disk could not take all of it');
    around.go();
    await waitFor('the findings', () => findings(live, 'bypass.direct_egress').length === FINDINGS);
    const { stdout } = await runCommand(t, place.command('status'));
    t.match(stdout, 'residual 0', 'the sensors run and account for everything');
    t.match(stdout, /(\d+) of \1 programs run/);
    t.match(stdout, 'disk_full', 'and status says what is lost');

    const before = tokensOf(live).length;
    resize(ENOUGH);
    later.go();
    await waitFor('activity again', () => tokensOf(live).length > before, RESUMES_MS);
    later.end();
    const programs = 3 + done + 1 + (await later.done).done;
    await waitFor('the last gap', () => shed(live) === missing(live, programs));
    t.equal(await daemon.stop(), 0, 'it ends cleanly');
    t.equal(Number((await runCommand(t, place.command('verify'))).code), 0, 'the journal is whole');
    const lines = await readAll(t, place);
    t.ok(
      lines.every(({ seq }, index) => Number(seq) === index + 1),
      'no number is missing',
    );
    t.equal(shed(lines), missing(lines, programs), 'the gaps count each record that was shed');
    t.ok(journalGaps(lines).every(({ cause }) => cause === 'disk_full'));
  },
);

const journalGaps = (lines: readonly Line[]): { cause: string; count: number }[] =>
  ofKind(lines, 'gap').flatMap(({ gap }) =>
    gap?.stage === 'journal' ? [{ cause: gap.cause, count: Number(gap.count) }] : [],
  );

const shed = (lines: readonly Line[]): number =>
  journalGaps(lines).reduce((sum, { count }) => sum + count, 0);

/** An exec and an exit of each program, three agents and a flow for each datagram, without those that are there. */
const missing = (lines: readonly Line[], programs: number): number =>
  2 * programs +
  3 +
  FINDINGS -
  lines.filter(({ kind }) => ['exec', 'exit', 'agent', 'flow'].includes(kind)).length;
