import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { listSegments, readJournal } from '../../src/journal/index.js';
import { runCommand } from '../helpers/children.js';
import { makePlace, readAll, startDaemon, type Place } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { ofKind } from '../helpers/line.js';
import { makeStorm, tokensOf, type Storm } from '../helpers/oracle.js';
import { waitFor } from '../helpers/wait.js';

const EX_TAMPERED = 1;
const ACTIONS = 40;

const journalOf = (place: Place): string => join(place.stateDir, 'journal');

/** One run of the daemon, which is one segment. */
async function live(t: Test, place: Place, storm: Storm): Promise<void> {
  const daemon = await startDaemon(t, place);
  const lines = daemon.follow();
  const running = storm.start(['--count', String(ACTIONS)]);
  await waitFor('the agent', () => ofKind(lines, 'agent').length > 0);
  const before = tokensOf(lines).length;
  running.go();
  await waitFor('the actions', () => tokensOf(lines).length >= before + ACTIONS);
  t.equal(await daemon.stop(), 0);
}

t.test(
  'a bit that flipped while nobody ran costs one record, is said, and nothing is thrown away',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const storm = makeStorm(t);
    const place = makePlace(t, {
      agents: {
        signatures: false,
        rules: [{ id: 'test/faults/f11', match: { exe: [storm.exe] } }],
      },
    });
    for (let run = 0; run < 3; run++) await live(t, place, storm);
    const before = await readAll(t, place);
    const [, segment] = listSegments(journalOf(place));
    const file = join(journalOf(place), segment?.name ?? '');
    const bytes = readFileSync(file);
    const at = bytes.length >> 1;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const found = [...readJournal(journalOf(place))].flatMap((e) =>
      'damage' in e ? [e.damage] : [],
    );
    t.equal(found.length, 1);
    const [{ firstSeq = 0n, lastSeq = 0n } = {}] = found;
    t.equal(firstSeq, lastSeq, 'one record is damaged');
    t.equal((await runCommand(t, place.command('verify'))).code, EX_TAMPERED, 'verify finds it');

    const daemon = await startDaemon(t, place);
    t.equal(await daemon.stop(), 0, 'the daemon starts all the same');
    const after = await readAll(t, place);
    const seqs = new Set(after.map(({ seq }) => Number(seq)));
    const lost = before.filter(({ seq }) => !seqs.has(Number(seq)));
    t.same(
      lost.map(({ seq }) => BigInt(seq)),
      [firstSeq],
      'every other record is still there',
    );
    const said = ofKind(after, 'gap').filter(({ gap }) => gap?.stage === 'journal');
    t.match(said[0]?.gap, { first_seq: Number(firstSeq), last_seq: Number(firstSeq) });
    const kept = readdirSync(join(journalOf(place), 'quarantine'));
    t.ok(
      kept.some((name) => readFileSync(join(journalOf(place), 'quarantine', name)).equals(bytes)),
      'the damaged segment is kept as it was',
    );
  },
);
