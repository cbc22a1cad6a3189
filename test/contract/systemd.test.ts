import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const UNIT = 'packaging/systemd/watchfloor.service';
const GATEWAY = 'packaging/systemd/watchfloor-gateway.service';
/** The most that each may be exposed, in tenths of what `systemd-analyze security` counts. */
const UNITS = [
  { unit: UNIT, threshold: 45 },
  { unit: GATEWAY, threshold: 25 },
] as const;
const here = spawnSync('systemd-analyze', ['--version']).status === 0;
const skip = here ? false : 'systemd-analyze is not installed';

/** Everything it says, on both streams; an unknown key is only a warning, so silence is what is asked for. */
function verify(unit: string): string {
  const options = ['verify', '--recursive-errors=yes', '--man=no', unit];
  const { stdout, stderr } = spawnSync('systemd-analyze', options, { encoding: 'utf8' });
  return stdout + stderr;
}

t.test('systemd has nothing to say against the units', { skip }, async (t) => {
  for (const { unit } of UNITS) t.equal(verify(unit), '', unit);
  const bad = join(t.testdir(), 'watchfloor.service');
  cpSync(UNIT, bad);
  writeFileSync(bad, readFileSync(UNIT, 'utf8').replace('WatchdogSec', 'WachdogSec'));
  t.match(verify(bad), 'WachdogSec', 'a misspelt key is heard of');
});

t.test('no unit is more exposed than it was decided to be', { skip }, async (t) => {
  for (const { unit, threshold } of UNITS) {
    const options = ['security', '--offline=true', `--threshold=${threshold}`, unit];
    t.doesNotThrow(() => execFileSync('systemd-analyze', options, { stdio: 'pipe' }), unit);
  }
});

t.test(
  'the gateway has no capability, tells when it is ready, and lets its signer end',
  async (t) => {
    const lines = readFileSync(GATEWAY, 'utf8').split('\n');
    for (const line of ['Type=notify', 'KillMode=mixed', 'CapabilityBoundingSet=']) {
      t.ok(lines.includes(line), line);
    }
  },
);

t.test('the unit leaves alone what would blind the sensors or kill V8', async (t) => {
  const unit = readFileSync(UNIT, 'utf8');
  for (const line of [
    'MemoryDenyWriteExecute=no',
    'ProtectHome=read-only',
    'ProtectProc=default',
  ]) {
    t.ok(unit.split('\n').includes(line), line);
  }
  t.match(unit, /^KillMode=mixed$/m, 'the signer outlives the stop of the daemon');
  t.match(unit, /^Type=notify$/m);
  t.match(unit, /^WatchdogSec=/m);
});
