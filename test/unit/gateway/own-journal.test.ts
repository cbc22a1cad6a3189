import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { OwnJournal } from '../../../src/gateway/own-journal.js';
import { tellFound } from '../../../src/gateway/own-losses.js';
import { OwnValues } from '../../../src/gateway/own-values.js';
import { readJournal } from '../../../src/journal/index.js';
import { decodeRecord } from '../../../src/record/index.js';
import { scratchDirectory } from '../../helpers/scratch.js';
import { verifyState } from '../../helpers/signed-node.js';

async function open(t: Test, stateDir = join(scratchDirectory(t), 'state')) {
  const bootNs = (): bigint => process.hrtime.bigint();
  const names = { gateway: 'gw-1', bootId: '00000000-0000-0000-0000-000000000001' };
  const limits = { maxBytes: 1 << 24, maxAgeMs: 1 << 30 };
  const own = await OwnJournal.open({ stateDir, ...names, bootNs, ...limits });
  return { stateDir, own, values: new OwnValues(own.epoch, bootNs) };
}

t.test('what the gateway says while it signs is signed with the next checkpoint', async (t) => {
  const { stateDir, own, values } = await open(t);
  const sizes: bigint[] = [];
  const seal = (): Promise<void> =>
    own.seal((signed) => {
      sizes.push(signed.size);
      return values.checkpoint(signed);
    });
  own.append(values.sensor('start', ''));
  await own.flush();
  const sealing = seal();
  own.append(values.sensor('node_limit', ''));
  await sealing;
  await own.flush();
  await seal();
  t.same(sizes, [1n, 3n]);
  await own.flush();
  await seal();
  t.same(sizes, [1n, 3n], 'a checkpoint alone is nothing to sign');
  await own.close();
  t.match(verifyState(stateDir), { verdict: 'intact', signedSize: 4n, unsealed: 0n });
});

t.test('what its own journal lost, the gateway says, and goes on behind it', async (t) => {
  const { stateDir, own, values } = await open(t);
  for (const event of ['start', 'stop']) own.append(values.sensor(event, ''));
  await own.close();
  const [segment = ''] = readdirSync(join(stateDir, 'journal')).filter((f) => f.endsWith('.wfj'));
  truncateSync(join(stateDir, 'journal', segment), 100);
  const again = await open(t, stateDir);
  tellFound(again.own.found, again.own, again.values);
  await again.own.close();
  const [first] = readJournal(join(stateDir, 'journal'));
  const decoded = first !== undefined && 'bytes' in first ? decodeRecord(first.bytes) : null;
  const { note, size } = again.own.found.link ?? {};
  t.match(decoded, { record: { kind: 'checkpoint', checkpoint: { note, size } } });
  t.match(verifyState(stateDir), {
    verdict: 'incomplete',
    gaps: [{ firstSeq: 1n, lastSeq: 2n }],
    damage: [],
  });
});
