import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Owner } from './children.js';

/** An empty directory that is gone when the test ends. A test may have several, unlike `t.testdir`. */
export function scratchDirectory(t: Owner): string {
  const dir = mkdtempSync(join(tmpdir(), 'watchfloor-test-'));
  t.teardown(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}
