import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { directoryOf, type RealAgent } from './catalogue.js';

/** Puts the pinned version there, with its own install scripts, unless it is there. Resolves to its command. */
export function install(agent: RealAgent): string {
  const directory = directoryOf(agent);
  const found = installed(agent);
  if (found !== agent.version) {
    console.error(`test-agents: npm install ${agent.package}@${agent.version}`);
    mkdirSync(directory, { recursive: true });
    const options = ['--no-fund', '--no-audit', '--no-save', '--loglevel=error'];
    const wanted = `${agent.package}@${agent.version}`;
    const command = ['install', '--prefix', directory, ...options, wanted];
    const stdio = ['ignore', process.stderr, process.stderr] as const;
    const { status } = spawnSync('npm', command, { stdio: [...stdio] });
    if (status !== 0) {
      console.error(
        `scripts/test-agents: ${wanted} could not be installed; is npm's registry there?`,
      );
      process.exit(69);
    }
  }
  return resolve(directory, 'node_modules/.bin', agent.bin);
}

function installed(agent: RealAgent): string | null {
  const file = join(directoryOf(agent), 'node_modules', agent.package, 'package.json');
  if (!existsSync(file)) return null;
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
