import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { isHeartbeatSigned } from '../../src/gateway/heartbeat-note.js';
import { readJournal } from '../../src/journal/index.js';
import { decodeRecord } from '../../src/record/index.js';
import type { StoredRecord } from '../../src/record/index.js';
import { parseCheckpoint, parseVkey } from '../../src/tlog/index.js';
import { AssemblyGateway } from '../helpers/assembly-consumer.js';
import { parseLines, runCommand } from '../helpers/children.js';
import { makePlace, startDaemon, tail } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { startHub } from '../helpers/hub.js';
import { ALL_WELL, datagramOf, judge, makeStorm, tokenOf } from '../helpers/oracle.js';
import { waitFor } from '../helpers/wait.js';

const NODE = 'web-1';
const ORIGIN = `watchfloor.v1/default/${NODE}`;
const FIRST = 20;
const SECOND = 400;
const EVERYTHING = ['--all', '--after', '0', '-o', 'json'] as const;

/** Of `status -o json`, what is looked at. */
interface Status {
  readonly journal: { readonly committed: string; readonly cosigned: string };
  readonly signer: { readonly condition: string; readonly size: string };
  readonly publish: { readonly backlog: string; readonly rejected: number };
}

/** A line of `status --nats -o json`. */
interface FleetNode {
  readonly node: string;
  readonly silent: boolean;
  readonly agents: number;
  readonly backlog: number;
  readonly cosigned: number;
}

interface Stored {
  readonly seq: bigint;
  readonly bytes: Buffer;
  readonly record: StoredRecord;
}

/** Every record of a state directory's journal; none where there is no journal yet. Damage throws. */
function recordsIn(stateDir: string): Stored[] {
  const directory = join(stateDir, 'journal');
  if (!existsSync(directory)) return [];
  return [...readJournal(directory)].map((entry) => {
    if ('damage' in entry) throw new Error(JSON.stringify(entry.damage.reason));
    const decoded = decodeRecord(entry.bytes);
    if (!decoded.ok) throw new Error(decoded.reason);
    return { seq: entry.seq, bytes: Buffer.from(entry.bytes), record: decoded.record };
  });
}

const heartbeatsIn = (stateDir: string): Stored[] =>
  recordsIn(stateDir).filter(({ record }) => record.kind === 'heartbeat');

const bytesOf = (records: readonly Stored[]): string[] =>
  records.map(({ bytes }) => bytes.toString('base64'));

/** Numbers of the actions whose program was seen to start, in the order of the journal. */
const execsOf = (records: readonly Stored[]): number[] =>
  records.flatMap(({ record: { kind, process } }) =>
    kind === 'exec' ? (tokenOf(process?.argv) ?? []) : [],
  );

/** Numbers of the datagrams that records of one kind are about. */
const datagramsOf = (records: readonly Stored[], wanted: string): number[] =>
  records.flatMap(({ record: { kind, net } }) =>
    kind === wanted && net !== null ? (datagramOf(net.dstIp) ?? []) : [],
  );

const sizeOf = (path: string): bigint =>
  existsSync(path) ? (parseCheckpoint(readFileSync(path, 'utf8'))?.size ?? 0n) : 0n;

t.test('the whole way, from a deed to the copy', { skip: whyNoKernel() ?? false }, async (t) => {
  const hub = await startHub(t);
  const assembly = await AssemblyGateway.start(t, hub.broker.url);
  const storm = makeStorm(t);
  const place = makePlace(t, {
    node: { name: NODE },
    publish: { ...hub.publish, agent_assembly: { enabled: true } },
    agents: { signatures: false, rules: [{ id: 'test/e2e/storm', match: { exe: [storm.exe] } }] },
    // Its datagrams go to the loopback.
    governance: { default: { proxy: 'required', exempt: [] } },
  });
  const daemon = await startDaemon(t, place);
  const copy = hub.copyOf(NODE);
  const status = async (): Promise<Status> =>
    JSON.parse((await runCommand(t, place.command('status', '-o', 'json'))).stdout) as Status;
  /** Until the copy has them; then both, as they are now: the copy first, so that the node's is no shorter. */
  const copied = async (actions: number): Promise<{ there: Stored[]; here: Stored[] }> => {
    await waitFor(`${actions} actions in the copy`, () => {
      const records = recordsIn(copy);
      return [
        execsOf(records),
        datagramsOf(records, 'flow'),
        datagramsOf(records, 'finding'),
      ].every((seen) => seen.length >= actions);
    });
    const there = recordsIn(copy);
    return { there, here: recordsIn(place.stateDir) };
  };

  await t.test('exec, flow and finding are in the copy, byte for byte', async (t) => {
    const acting = storm.start(['--count', `${FIRST}`, '--rate', '20', '--datagrams', '1']);
    acting.go();
    await acting.done;
    const { there, here } = await copied(FIRST);
    t.same(bytesOf(there), bytesOf(here).slice(0, there.length));
    t.same(judge(execsOf(there), 0, FIRST), ALL_WELL);
    t.same(judge(datagramsOf(there, 'flow'), 0, FIRST).lost, []);
    t.same(judge(datagramsOf(there, 'finding'), 0, FIRST).lost, []);
  });

  await t.test('what the gateway cosigned grows on the node', async (t) => {
    const before = BigInt((await status()).journal.cosigned);
    await waitFor('a cosignature of more', async () => {
      return BigInt((await status()).journal.cosigned) > before;
    });
    const { signer, publish } = await status();
    t.equal(signer.condition, 'running');
    t.ok(BigInt(signer.size) > 0n);
    t.equal(publish.rejected, 0);
    t.ok(sizeOf(join(place.stateDir, 'journal', 'cosigned')) > before);
  });

  await t.test('verify holds while the daemon writes', async (t) => {
    const { code, stdout } = await runCommand(t, place.command('verify'));
    t.equal(code, 0, stdout);
    t.match(stdout, /: intact\n[^]*signed up to [1-9]\d* by watchfloor\.v1\/default\/web-1;/);
  });

  await t.test('tail prints the same line, asked of the node or of the fleet', async (t) => {
    const onNode = (await tail(t, place, ...EVERYTHING)).stdout.trim().split('\n');
    const fleet = place.command('tail', '--nats', hub.broker.url, '--node', NODE, ...EVERYTHING);
    const inFleet = await waitFor('as many in the stream', async () => {
      const lines = (await runCommand(t, fleet)).stdout.trim().split('\n');
      return lines.length >= onNode.length && lines;
    });
    t.ok(onNode.length > 3 * FIRST);
    t.same(inFleet.slice(0, onNode.length), onNode);
  });

  await t.test('the fleet shows the node, its agents and that nothing waits', async (t) => {
    const before = recordsIn(copy).length;
    // It does nothing yet, and lives.
    const idle = storm.start(['--count', '1']);
    await waitFor('a heartbeat that knows it', () =>
      recordsIn(copy)
        .slice(before)
        .some(({ record: { heartbeat } }) => heartbeat?.agents === 1 && heartbeat.backlog === 0n),
    );
    const args = ['--nats', hub.broker.url, '-o', 'json'] as const;
    const { code, stdout } = await runCommand(t, place.command('status', ...args));
    t.equal(code, 0);
    const shown = parseLines<FleetNode>(stdout);
    t.match(shown, [{ node: NODE, silent: false, agents: 1, backlog: 0 }]);
    t.ok((shown[0]?.cosigned ?? 0) > 0);
    idle.end();
  });

  await t.test('the broker dies while the agent acts: nothing is lost or doubled', async (t) => {
    const options = ['--count', `${SECOND}`, '--rate', '200', '--datagrams', '1'];
    const before = recordsIn(place.stateDir).length;
    const acting = storm.start(options);
    acting.go();
    await acting.reaches(100);
    await hub.broker.kill();
    await acting.reaches(300);
    await hub.broker.restart();
    await acting.done;
    const { there, here } = await copied(FIRST + SECOND);
    t.same(bytesOf(there), bytesOf(here).slice(0, there.length));
    t.same(judge(execsOf(there.slice(before)), 0, SECOND), ALL_WELL);
  });

  await t.test('a stopped daemon leaves everything signed, sent and cosigned', async (t) => {
    await waitFor('two heartbeats', () => heartbeatsIn(place.stateDir).length >= 2);
    t.equal(await daemon.stop(), 0);
    const here = recordsIn(place.stateDir);
    t.equal(sizeOf(join(place.stateDir, 'journal', 'checkpoint')), here.at(-1)?.seq);
    await waitFor('the copy', () => recordsIn(copy).length === here.length);
    t.same(bytesOf(recordsIn(copy)), bytesOf(here));
    t.same(
      here.map(({ seq }) => seq),
      here.map((_, index) => BigInt(index) + 1n),
    );
    const ids = new Set(here.map(({ record }) => record.eventId));
    t.equal(ids.size, here.length, 'no event is there twice');
    t.equal(await hub.stop(), 0);
    t.match(await runCommand(t, place.command('verify')), { code: 0 });
    t.match(await hub.inCopy(NODE, 'verify'), { code: 0 });
    t.match(await runCommand(t, hub.place.command('verify')), { code: 0 }, 'its own journal');
  });

  await t.test('each heartbeat is signed, and none is missing', async (t) => {
    const key = parseVkey(readFileSync(join(copy, 'signer', 'vkey'), 'utf8').trim());
    if (key === null) throw new Error('the copy has no key');
    const beats = heartbeatsIn(copy);
    t.ok(beats.length >= 2);
    t.same(
      beats.map(({ record }) => record.heartbeat?.number),
      beats.map((_, index) => BigInt(index) + 1n),
    );
    for (const { bytes } of beats) t.ok(isHeartbeatSigned(bytes, ORIGIN, key));
    const last = Buffer.from(beats.at(-1)?.bytes ?? []);
    last[last.length - 100] = (last[last.length - 100] ?? 0) ^ 1;
    t.notOk(isHeartbeatSigned(last, ORIGIN, key), 'a changed one is not');
  });

  await t.test('Agent Assembly gets a row for each deed, and nothing is made up', async (t) => {
    const wanted = new Set('exec exit flow dns tls_session http agent finding gap'.split(' '));
    const deeds = recordsIn(place.stateDir).filter(({ record }) => wanted.has(record.kind));
    t.ok(deeds.length > 3 * (FIRST + SECOND));
    await assembly.consume(() => assembly.rows.size >= deeds.length);
    t.same([...assembly.rows.keys()].sort(), deeds.map(({ record }) => record.eventId).sort());
    const { defaults, unknownFields, bannedKeys } = assembly.corrections;
    t.same(
      [defaults, unknownFields, bannedKeys].map((counts) => [...counts]),
      [[], [], []],
    );
    t.same([assembly.undecodable, assembly.refusedBatches], [0, 0]);
    t.ok(assembly.heartbeats.size > 0, 'and signs of life of its agents');
    const rules = [...assembly.rows.values()].map(({ decision }) => decision);
    t.ok(rules.includes('review') && rules.includes('allow'));
  });
});
