import t, { type Test } from 'tap';
import { runCommand } from '../helpers/children.js';
import { makePlace, readAll, startDaemon, type Daemon } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { loadCases, type EvasionCase } from '../helpers/evasion-case.js';
import { complaint, select, Watch } from '../helpers/evasion-match.js';
import { outcomeOf, report } from '../helpers/evasion-result.js';
import * as stage from '../helpers/evasion-scene.js';
import type { Scene } from '../helpers/evasion-scene.js';
import type { Line } from '../helpers/line.js';
import { waitFor } from '../helpers/wait.js';

/** What must be seen is seen by then. */
const DEADLINE_MS = 5000;
/** Of lines that should not be there. */
const SHOWN = 5;
/** The machine may be busy with other things for a while, and what is lost then is no way out. */
const SENSOR = { ring_bytes: { lifecycle: 4 * 1024 * 1024 } };
const skip = whyNoKernel() ?? false;
const cases = loadCases();

interface Ring {
  readonly ring: string;
  readonly dropped: number;
  readonly residual: number;
}

t.test('every way out is seen, and its benign twin accused of nothing', { skip }, async (t) => {
  await perform(
    t,
    cases.filter(({ config, before }) => config === null && !before),
    {},
  );
});

for (const one of cases.filter(({ config, before }) => config !== null || before)) {
  t.test(`${one.id} with a daemon of its own`, { skip }, (t) =>
    perform(t, [one], one.config ?? {}),
  );
}

/** One daemon, one case after the other; what may not be said is looked for in all that the daemon ever said. */
async function perform(
  t: Test,
  wanted: readonly EvasionCase[],
  config: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (wanted.length === 0) return;
  const ground = await stage.makeStage(t);
  const scenes = wanted.flatMap((one) => stage.scenesOf(ground, one));
  const place = makePlace(t, {
    sensor: SENSOR,
    ...config,
    agents: { rules: scenes.map(({ rule }) => rule) },
  });
  const early = new Map<Scene, stage.Waiting>();
  for (const scene of scenes.filter(({ of }) => of.before)) {
    await stage.startOutside(t, scene);
    early.set(scene, await stage.startAgent(t, scene));
  }
  const daemon = await startDaemon(t, place);
  const live = daemon.follow();
  const left = new Set<Scene>();
  for (const scene of scenes) {
    await t.test(title(scene), async (t) => {
      const waiting = early.get(scene);
      const reason = waiting === undefined ? await act(t, scene) : null;
      if (reason !== null) {
        left.add(scene);
        report(t, scene, 'not possible here');
        t.pass(reason, { skip: reason });
        return;
      }
      await see(t, scene, live);
      if (waiting !== undefined) t.equal(await waiting.finish(), 0, 'the agent ends well');
    });
  }
  await account(t, daemon);
  t.equal(await daemon.stop(), 0);
  const all = await readAll(t, place);
  await t.test('in the end', async (t) => {
    const expected = scenes.flatMap(({ variant }) => variant.must.flatMap((e) => select(all, e)));
    const lost = all.filter((line) => line.gap !== undefined && !expected.includes(line));
    t.same(some(config['sensor'] === undefined ? lost : []), [], 'nothing was lost on the way');
    for (const scene of scenes.filter((one) => !left.has(one))) judge(t, scene, all);
  });
}

const title = ({ of, variant, isTwin }: Scene): string =>
  `${of.id} ${isTwin ? 'twin' : 'evasion'}: ${variant.what}`;

/** The agent does it; a reason when it could not. */
async function act(t: Test, scene: Scene): Promise<string | null> {
  await stage.startOutside(t, scene);
  const { code, signal, stdout, stderr } = await stage.runAgent(t, scene);
  if (code === stage.CANNOT) return stdout.trim().split('\n').at(-1) ?? 'not possible here';
  t.equal(code ?? signal, 0, `the agent ends well: ${stdout}${stderr}`);
  return null;
}

async function see(t: Test, { variant }: Scene, live: readonly Line[]): Promise<void> {
  const watches = variant.must.map((expectation) => new Watch(live, expectation));
  const isSeen = (): boolean => watches.every(({ isMet }) => isMet);
  try {
    await waitFor(`what ${variant.name} must show`, isSeen, DEADLINE_MS);
  } catch {
    for (const expectation of variant.must) {
      const what = complaint(live, expectation);
      if (what !== null) t.fail(what);
    }
    t.fail('not all of it is seen in time');
    return;
  }
  t.pass('it is seen in time');
}

/** Nothing the kernel wrote is unaccounted for, and the daemon kept up. */
async function account(t: Test, daemon: Daemon): Promise<void> {
  const rings = await waitFor('an even account', async () => {
    const { stdout } = await runCommand(t, daemon.place.command('status', '-o', 'json'));
    const { pipeline } = JSON.parse(stdout) as {
      pipeline: { accounting: { rings: readonly Ring[] } };
    };
    const { rings } = pipeline.accounting;
    return rings.every(({ residual }) => residual === 0) ? rings : null;
  });
  t.same(
    rings.filter(({ dropped }) => dropped > 0),
    [],
    'no ring lost anything',
  );
}

/** `cwd` is no part of what the other tests look at. */
const isWithin = (directory: string, { process }: Line): boolean =>
  (process as { cwd?: string } | undefined)?.cwd?.startsWith(directory) === true;

/** Over the whole journal: what had to be there as often as it had to, and nothing that had not. */
function judge(t: Test, scene: Scene, all: readonly Line[]): void {
  const { variant, work, agent } = scene;
  const missing = variant.must.flatMap((expectation) => complaint(all, expectation) ?? []);
  const unwanted = variant.mustNot.flatMap((expectation) => select(all, expectation));
  const foreign = all.filter((line) => isWithin(work, line) && line.agent?.id !== agent);
  t.same(missing, [], `${title(scene)}: all of it is there`);
  t.same(some(unwanted), [], `${title(scene)}: nothing else is said`);
  t.same(some(foreign), [], `${title(scene)}: whatever was done there was this agent's`);
  const wrong = [...missing, ...some(unwanted), ...some(foreign)];
  report(t, scene, outcomeOf(scene, wrong));
}

/** Enough to find out what is wrong. */
const some = (lines: readonly Line[]): string[] => [
  ...lines.slice(0, SHOWN).map((line) => JSON.stringify(line)),
  ...(lines.length > SHOWN ? [`and ${lines.length - SHOWN} more`] : []),
];
