import type { ProcessKey } from '../../src/event/index.js';
import type { LineageScene } from './lineage-scene.js';

/** What the known agents execute, as it was seen of each. */
export interface Chain {
  readonly name: string;
  /** Gives the process that starts tools. */
  readonly start: (scene: LineageScene) => ProcessKey;
  /** Runs its own helpers and one tool command; gives the shell of the tool. */
  readonly tool: (scene: LineageScene, agent: ProcessKey) => ProcessKey;
}

const BASH = '/usr/bin/bash';
const NODE = '/usr/bin/node';
export const CLAUDE = '/usr/lib/node_modules/@anthropic-ai/claude-code/claude';
export const CODEX = '/x/@openai/codex/vendor/x86_64-unknown-linux-musl/codex/codex';
const OPENCODE = '/x/node_modules/opencode-linux-x64/bin/opencode';

const shell = (scene: LineageScene, agent: ProcessKey, command: string): ProcessKey =>
  scene.run(agent, BASH, ['bash', '-c', command]).key;

export const CHAINS: readonly Chain[] = [
  {
    name: 'claude-code',
    start: (scene) => scene.start(CLAUDE, ['claude', '-p', 'x']),
    tool: (scene, agent) => {
      scene.run(agent, '/usr/bin/git', ['git', 'ls-files']);
      scene.run(shell(scene, agent, 'env'), '/usr/bin/env', ['env']);
      scene.run(agent, CLAUDE, ['claude', '--version']);
      return shell(scene, agent, 'source /home/a/.claude/shell-snapshots/snapshot-bash-1.sh');
    },
  },
  {
    name: 'codex',
    start: (scene) => {
      const launcher = scene.start(NODE, ['node', '/x/@openai/codex/bin/codex.js', 'exec']);
      return scene.run(launcher, CODEX, ['codex', 'exec']).key;
    },
    tool: (scene, agent) => {
      scene.run(agent, '/usr/bin/lsb_release', ['lsb_release', '-a']);
      scene.run(agent, '/usr/bin/git', ['git', 'ls-remote']);
      const { key } = scene.run(agent, CODEX, [
        '/proc/self/exe',
        '--codex-run-as-process-setup',
        'x',
      ]);
      scene.exec(key, BASH, ['bash', '-c', '__CODEX_SNAPSHOT']);
      scene.exec(key, BASH, ['bash', '-c', 'command']);
      return key;
    },
  },
  {
    name: 'gemini-cli',
    start: (scene) => {
      const script = '/x/@google/gemini-cli/bundle/gemini.js';
      const launcher = scene.start(NODE, ['node', script]);
      return scene.run(launcher, NODE, ['node', '--max-old-space-size=4096', script]).key;
    },
    tool: (scene, agent) => {
      scene.run(agent, '/usr/bin/git', ['git', 'rev-parse']);
      return shell(scene, agent, 'shopt -u promptvars; command');
    },
  },
  {
    name: 'qwen-code',
    start: (scene) => {
      const launcher = scene.start(NODE, ['node', '/x/@qwen-code/qwen-code/cli-entry.js']);
      const argv = ['node', '--expose-gc', '/x/@qwen-code/qwen-code/cli.js'];
      const { key } = scene.run(launcher, NODE, argv);
      scene.exec(key, NODE, argv);
      return key;
    },
    tool: (scene, agent) => {
      scene.run(agent, '/usr/bin/ps', ['ps']);
      scene.run(agent, '/usr/bin/systemd-inhibit', ['systemd-inhibit', 'sleep', 'infinity']);
      return shell(scene, agent, 'command');
    },
  },
  {
    name: 'opencode',
    start: (scene) => {
      const launcher = scene.start(NODE, ['node', '/usr/local/bin/opencode', 'run']);
      return scene.run(launcher, OPENCODE, ['opencode', 'run']).key;
    },
    tool: (scene, agent) => shell(scene, agent, 'command'),
  },
];
