import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';

/** The file of the library `lib<name>.so...` that a program is linked with; null: it is not there or not linked so. */
export function linkedLibrary(program: string, name: string): string | null {
  if (!existsSync(program)) return null;
  const said = execFileSync('ldd', [program], { encoding: 'utf8' });
  const path = new RegExp(`\\blib${name}\\.so\\S* => (\\S+)`).exec(said)?.[1];
  return path === undefined ? null : realpathSync(path);
}
