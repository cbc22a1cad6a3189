import t from 'tap';
import { Checkpoints } from '../../../src/daemon/checkpoints.js';
import { OwnRecords } from '../../../src/daemon/own-records.js';
import type { CheckpointRequest, TreeState } from '../../../src/signer/index.js';
import { createLog } from '../../../src/telemetry/index.js';
import { EMPTY_ROOT } from '../../../src/tlog/index.js';

const EVERY_MS = 5000;
const head = (size: bigint): TreeState => ({ size, root: EMPTY_ROOT, range: [], note: `${size}` });

t.test('what got its number while a checkpoint was signed is signed with the next', async (t) => {
  let nowMs = 0;
  t.intercept(performance, 'now', { value: () => nowMs });
  const node = { last: 0n, committed: 0n, commit: (): void => undefined };
  const signer = {
    state: head(0n),
    vkey: '',
    asked: [] as bigint[],
    checkpoint: async ({ size }: CheckpointRequest) => {
      signer.asked.push(size);
      // Another record comes first.
      if (size === 3n) node.last += 1n;
      await Promise.resolve();
      signer.state = head(size);
      return { ok: true, note: `${size}` } as const;
    },
  };
  const told: (() => void)[] = [];
  const checkpoints = new Checkpoints({
    journal: {
      get committed() {
        return node.committed;
      },
      tree: () => head(node.committed),
      consistencyProof: () => [],
      onCommit: (listener) => {
        node.commit = () => {
          node.committed = node.last;
          listener(node.committed);
        };
        return () => undefined;
      },
      saveCheckpoint: () => undefined,
    },
    signer,
    feeder: {
      say: (_, onNumber) => {
        node.last += 1n;
        onNumber?.(node.last);
        for (const tell of told.splice(0)) tell();
      },
    },
    own: new OwnRecords(1, () => 0n),
    log: createLog('error', { write: () => undefined }),
  });
  const said = (): Promise<void> => new Promise((resolve) => told.push(resolve));
  const pass = async (): Promise<void> => {
    await new Promise(setImmediate);
    node.commit();
    nowMs += EVERY_MS;
  };

  node.last = 3n;
  const first = said();
  node.commit();
  await first;
  t.equal(node.last, 5n);
  await pass();
  checkpoints.check();
  await pass();
  t.same(signer.asked, [3n, 5n], 'the fourth record as well');
  checkpoints.check();
  await pass();
  t.same(signer.asked, [3n, 5n], 'and a checkpoint alone is nothing to sign');
});
