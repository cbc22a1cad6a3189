import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { runCommand, type Finished } from '../helpers/children.js';
import { makePlace, startDaemon, type Place } from '../helpers/daemon.js';
import { whyNoKernel } from '../helpers/environment.js';
import { ofKind } from '../helpers/line.js';
import { makeStorm, tokensOf } from '../helpers/oracle.js';
import { waitFor } from '../helpers/wait.js';
import { BAD_CONFIGS, type BadConfig } from './bad-configs.js';

const EX_CONFIG = 78;
const AT_ONCE = 4;
const USUAL_MODE = 0o644;

const fileOf = (place: Place): string => join(place.stateDir, '..', 'config.yaml');

/** What is wrong with the way one was refused. */
function problemsOf({ code, stderr }: Finished, { at, says }: BadConfig, file: string): string[] {
  const [, cause = '', ...rest] = stderr.trimEnd().split('\n');
  const remedy = rest.at(-1) ?? '';
  return [
    ...(code === EX_CONFIG ? [] : [`exit ${code}`]),
    ...(cause.startsWith(at === null ? `${file}: ` : `${file}:${at}: `) ? [] : [cause]),
    ...(cause.includes(says) ? [] : [`${says} is not in: ${cause}`]),
    ...(/^ {2}\S/.test(remedy) ? [] : [`no remedy: ${remedy}`]),
  ];
}

/** Writes it where the daemon of `place` reads its configuration. */
function put(place: Place, { text, mode = USUAL_MODE }: BadConfig): void {
  writeFileSync(fileOf(place), text);
  chmodSync(fileOf(place), mode);
}

async function refused(t: Test, config: BadConfig): Promise<string[]> {
  const place = makePlace(t, {});
  put(place, config);
  return problemsOf(await runCommand(t, place.command('run')), config, fileOf(place));
}

const nameOf = ({ text }: BadConfig): string => JSON.stringify(String(text).slice(0, 60));

t.test('no daemon starts with a bad configuration', async (t) => {
  const left = [...BAD_CONFIGS];
  t.ok(left.length >= 60, 'there are sixty');
  const work = async (): Promise<void> => {
    for (let config = left.shift(); config; config = left.shift()) {
      t.same(await refused(t, config), [], nameOf(config));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const none = makePlace(t, {}).command('run', '--config', '/nonexistent/watchfloor.yaml');
  t.match(await runCommand(t, none), { code: EX_CONFIG, stderr: /no such file\n {2}create it/ });
});

t.test(
  'a daemon that is given one keeps the old configuration and says so, each time',
  { skip: whyNoKernel() ?? false },
  async (t) => {
    const storm = makeStorm(t);
    const place = makePlace(t, {
      agents: {
        signatures: false,
        rules: [{ id: 'test/faults/f21', match: { exe: [storm.exe] } }],
      },
    });
    const daemon = await startDaemon(t, place);
    const live = daemon.follow();
    const rejected = (): string[] =>
      ofKind(live, 'config').flatMap(({ sensor }) =>
        sensor?.event === 'rejected' ? [sensor.detail] : [],
      );
    await waitFor('the reader, which reads the same file', () => live.length > 0);
    for (const [index, config] of BAD_CONFIGS.entries()) {
      put(place, config);
      daemon.child.kill('SIGHUP');
      await waitFor(`the refusal of ${nameOf(config)}`, () => rejected().length > index);
      t.match(rejected()[index], config.says, nameOf(config));
    }
    t.equal(rejected().length, BAD_CONFIGS.length, 'one record for each');
    t.notOk(
      ofKind(live, 'config').some(({ sensor }) => sensor?.event === 'reloaded'),
      'none was taken',
    );
    const running = storm.start(['--count', '10']);
    await waitFor('the agent of the old rule', () => ofKind(live, 'agent').length > 0);
    running.go();
    await waitFor('what it does', () => tokensOf(live).length === 10);
    t.equal(await daemon.stop(), 0);
  },
);
