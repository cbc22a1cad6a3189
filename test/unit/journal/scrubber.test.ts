import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { listSegments } from '../../../src/journal/index.js';
import { scratchDirectory } from '../../helpers/scratch.js';
import { SignedNode } from '../../helpers/signed-node.js';
import { framesOf } from '../../helpers/tamper.js';

const ALL = 1 << 30;

async function live(node: SignedNode): Promise<void> {
  await node.epoch(async (epoch) => {
    await epoch.records(300);
    await epoch.checkpoint();
    await epoch.stop();
  });
}

for (const [what, damage] of [
  [
    'a record that was damaged',
    (file: string, at: number): void => {
      const bytes = readFileSync(file);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      writeFileSync(file, bytes);
    },
  ],
  ['an end that was cut off', truncateSync],
] as const) {
  t.test(`${what} and told when the journal was opened is not told by the scrub`, async (t) => {
    const node = new SignedNode(scratchDirectory(t));
    await live(node);
    const { file = '', start = 0 } = framesOf(node)[150] ?? {};
    damage(join(node.stateDir, file), start + 40);
    await live(node);
    t.ok(node.verify().verdict !== 'intact', 'records are missing');
    await node.epoch(async (epoch, { damage, lost }) => {
      t.match({ damage, lost }, { damage: [], lost: null });
      await epoch.records(1);
      t.same(epoch.journal.scrub(ALL), []);
    });
  });
}

t.test('a segment that goes while the daemon runs is told once', async (t) => {
  const node = new SignedNode(scratchDirectory(t));
  for (let life = 0; life < 3; life += 1) await live(node);
  await node.epoch(async (epoch) => {
    await epoch.records(1);
    t.same(epoch.journal.scrub(ALL), []);
    const [, gone, next] = listSegments(node.journalDir);
    rmSync(join(node.journalDir, gone?.name ?? ''));
    const numbers = { firstSeq: gone?.firstSeq, lastSeq: (next?.firstSeq ?? 0n) - 1n };
    t.match(epoch.journal.scrub(ALL), [{ reason: 'missing', ...numbers }]);
    t.same(epoch.journal.scrub(ALL), []);
  });
});
