import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const UNIT = 'packaging/systemd/watchfloor.service';
const here = spawnSync('systemd-analyze', ['--version']).status === 0;
const skip = here ? false : 'systemd-analyze is not installed';

/** Everything it says, on both streams; an unknown key is only a warning, so silence is what is asked for. */
function verify(unit: string): string {
  const options = ['verify', '--recursive-errors=yes', '--man=no', unit];
  const { stdout, stderr } = spawnSync('systemd-analyze', options, { encoding: 'utf8' });
  return stdout + stderr;
}

t.test('systemd has nothing to say against the unit', { skip }, async (t) => {
  t.equal(verify(UNIT), '');
  const bad = join(t.testdir(), 'watchfloor.service');
  cpSync(UNIT, bad);
  writeFileSync(bad, readFileSync(UNIT, 'utf8').replace('WatchdogSec', 'WachdogSec'));
  t.match(verify(bad), 'WachdogSec', 'a misspelt key is heard of');
});

t.test('the unit is no more exposed than it was decided to be', { skip }, async (t) => {
  const options = ['security', '--offline=true', '--threshold=45', UNIT];
  t.doesNotThrow(() => execFileSync('systemd-analyze', options, { stdio: 'pipe' }));
});

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
