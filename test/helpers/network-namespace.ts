import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Command, Owner } from './children.js';

/** From the block for documentation (RFC 5737): no machine on any network has it. */
export const MODEL_ADDRESS = '203.0.113.10';
export const MODEL_HOSTS = ['api.openai.com', 'api.anthropic.com'] as const;

export interface NetworkNamespace {
  /** The same command, run inside; the process keeps its pid over the change. */
  inside(command: Command): Command;
}

let count = 0;

/**
 * A network namespace whose loopback also has MODEL_ADDRESS, and in which the model hosts have that address:
 * `ip netns exec` lays /etc/netns/NAME/hosts over /etc/hosts in a mount namespace of its own. Gone when the test ends.
 */
export function makeNetworkNamespace(t: Owner): NetworkNamespace {
  const name = `watchfloor-test-${process.pid}-${count++}`;
  const files = `/etc/netns/${name}`;
  const ip = (...args: string[]): void => {
    execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  t.teardown(() => {
    rmSync(files, { recursive: true, force: true });
    ip('netns', 'delete', name);
  });
  ip('netns', 'add', name);
  ip('-n', name, 'link', 'set', 'lo', 'up');
  ip('-n', name, 'address', 'add', `${MODEL_ADDRESS}/32`, 'dev', 'lo');
  mkdirSync(files, { recursive: true });
  writeFileSync(
    `${files}/hosts`,
    `127.0.0.1 localhost\n${MODEL_ADDRESS} ${MODEL_HOSTS.join(' ')}\n`,
  );
  return { inside: (command) => ['ip', 'netns', 'exec', name, ...command] };
}
