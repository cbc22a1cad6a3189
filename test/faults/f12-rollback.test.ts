import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { whyNoKernel } from '../helpers/environment.js';
import { FaultGateway } from '../helpers/fault-gateway.js';
import { FaultNode, isThrough } from '../helpers/fault-node.js';
import { goneFrom, LivedNode, toldBy } from '../helpers/lived-node.js';
import { startNatsServer } from '../helpers/nats-server.js';
import { scratchDirectory } from '../helpers/scratch.js';
import { waitFor } from '../helpers/wait.js';

const [INTACT, INCOMPLETE] = [0, 2];
const ACTIONS = 300;

t.test(
  'an older copy of the journal is found by the signer, and the numbers go on behind what it signed',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const node = new LivedNode(t);
    await node.live();
    const old = new LivedNode(t);
    old.copyOf(node, 'journal');
    const last = old.records().at(-1)?.seq ?? 0n;
    await node.live();
    const signed = node.signed();
    t.ok(signed.size > last);
    rmSync(node.journalDir, { recursive: true });
    node.copyOf(old, 'journal');
    const before = node.files();

    const numbers = { firstSeq: last + 1n, lastSeq: signed.size };
    const told = { firstSeq: String(numbers.firstSeq), lastSeq: String(numbers.lastSeq) };
    const found = await node.verify();
    t.match(found, { code: INCOMPLETE, gaps: [], damage: [{ reason: 'missing', ...told }] });
    t.match(found.damage, [{ segment: 'signer/state' }]);

    await node.live();
    t.same(goneFrom(before, node.files()), [], 'nothing of the copy is touched');
    const { first, gaps, tampers, checkpoints } = toldBy(node.records());
    t.match(gaps, [{ cause: 'rollback', ...numbers }]);
    t.equal(gaps.length, 1);
    t.match(tampers, [{ summary: /rollback$/ }]);
    t.match(first, { seq: signed.size + 1n, checkpoint: { note: signed.note } });
    t.ok(checkpoints.length > 1, 'it is signed on');
    t.match(await node.verify(), { code: INCOMPLETE, gaps: [told], damage: [] });
    await node.live();
    t.same(toldBy(node.records()).tampers, [], 'it is told once');
  },
);

t.test('a node whose signer went back as well cannot tell, but its gateway does', async (t) => {
  const server = await startNatsServer(t);
  const gateway = await FaultGateway.start(t, server.url);
  const stateDir = join(scratchDirectory(t), 'state');
  const backup = join(scratchDirectory(t), 'backup');
  const options = { url: server.url, gatewayKey: gateway.key, stateDir };
  const live = async (firstToken: number): Promise<FaultNode> => {
    const node = await FaultNode.start(t, { ...options, firstToken });
    await node.append(ACTIONS);
    return node;
  };
  const through = async (node: FaultNode): Promise<void> => {
    await node.reaches('all to be cosigned', isThrough);
    await node.stop();
  };
  await through(await live(0));
  cpSync(stateDir, backup, { recursive: true });
  await through(await live(ACTIONS));
  const whole = gateway.tokens();
  t.equal(whole.length, 2 * ACTIONS);

  rmSync(stateDir, { recursive: true });
  cpSync(backup, stateDir, { recursive: true });
  const node = await live(2 * ACTIONS);
  await waitFor('the gateway to say so', () =>
    /"rule":"node\.(rollback|equivocation)"/.test(gateway.log),
  );
  await node.reaches('all to be acknowledged', ({ backlog }) => backlog === '0');
  const [, cosigned] = readFileSync(join(backup, 'journal', 'cosigned'), 'utf8').split('\n');
  t.equal((await node.stats()).cosigned, cosigned, 'and cosigns nothing more');
  await node.stop();
  t.same(gateway.tokens(), whole, 'what the gateway had stays as it was');
  t.equal((await gateway.verify()).code, INTACT);
});
