import t from 'tap';
import { AgentRegistry, SIGNATURES_TOLD } from '../../../src/agent/index.js';
import { execEvent, settings } from '../../helpers/events.js';

const key = { tgid: 100, startNs: 5_000n };
const identified = (exe: string, argv: readonly string[], cwd = '/home/alice') => {
  const registry = new AgentRegistry(settings());
  registry.fact({ fact: 'user', uid: 1000, user: 'alice' });
  registry.ask(execEvent(key, exe, { argv, cwd, asksVerdict: true }));
  return registry.agentOf(key);
};
const nameOf = (exe: string, argv: readonly string[], cwd?: string): string =>
  identified(exe, argv, cwd)?.info.name ?? 'none';

const NODE = '/usr/bin/node';
const PYTHON = '/usr/bin/python3.11';
const LINKER = '/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2';

t.test('each agent is known in every way it is started', async (t) => {
  const known: readonly (readonly [string, readonly string[], string])[] = [
    [NODE, ['node', '/x/@qwen-code/qwen-code/cli-entry.js'], 'qwen-code'],
    [NODE, ['node', '--expose-gc', '/x/@qwen-code/qwen-code/cli.js', '-p'], 'qwen-code'],
    [NODE, ['node', '/home/a/app/node_modules/.bin/qwen'], 'qwen-code'],
    ['/x/opencode-linux-x64-baseline/bin/opencode', ['opencode', 'run'], 'opencode'],
    ['/home/a/.opencode/bin/opencode', ['opencode'], 'opencode'],
    ['/x/node_modules/opencode-ai/bin/opencode.exe', ['opencode'], 'opencode'],
    ['/x/node_modules/opencode-ai/bin/.opencode', ['opencode'], 'opencode'],
    [NODE, ['node', '/usr/lib/node_modules/opencode-ai/bin/opencode'], 'opencode'],
    ['/x/node_modules/@github/copilot-linux-x64/copilot', ['copilot'], 'copilot-cli'],
    [NODE, ['node', '/x/@github/copilot/npm-loader.js'], 'copilot-cli'],
    [
      '/home/a/.local/share/cursor-agent/versions/2026.01.02-80e4d9b/node',
      [
        '/home/a/.local/bin/cursor-agent',
        '--use-system-ca',
        '/home/a/.local/share/cursor-agent/versions/2026.01.02-80e4d9b/index.js',
      ],
      'cursor-agent',
    ],
    [PYTHON, ['/v/bin/python', '/v/bin/aider', '--model', 'x'], 'aider'],
    [PYTHON, ['python3', '-m', 'aider'], 'aider'],
    ['/home/a/.local/bin/openhands', ['openhands'], 'openhands'],
    [PYTHON, ['python3', '-Im', 'openhands.core.main', '-t', 'x'], 'openhands'],
    [PYTHON, ['/v/bin/python', '/v/bin/crewai', 'run'], 'crewai'],
    [PYTHON, ['python3', '-m', 'crewai', 'run'], 'crewai'],
    [PYTHON, ['/v/bin/python', '/v/bin/langgraph', 'dev'], 'langchain'],
    [PYTHON, ['python3', '-m', 'langgraph_cli', 'dev'], 'langchain'],
    [PYTHON, ['/v/bin/python3', '/v/bin/autogenstudio', 'ui'], 'autogen'],
    ['/usr/local/bin/ollama', ['ollama', 'serve'], 'ollama'],
  ];
  for (const [exe, argv, name] of known) t.equal(nameOf(exe, argv), name, argv.join(' '));
});

t.test('its twins are not', async (t) => {
  const twins: readonly (readonly [string, readonly string[]])[] = [
    ['/usr/local/bin/copilot', ['copilot', 'svc', 'deploy']],
    ['/home/a/src/cursor-agent', ['cursor-agent']],
    [PYTHON, ['python3', '-c', 'import aider']],
    [PYTHON, ['python3', '/srv/app.py', '/v/bin/aider']],
    [PYTHON, ['python3', '-m', 'pytest', 'aider']],
    [PYTHON, ['/v/bin/python', '/v/bin/crewai', 'create', 'crew', 'x']],
    [PYTHON, ['/v/bin/python', '/v/bin/langgraph', 'build']],
    ['/usr/bin/less', ['less', '/v/bin/aider']],
    ['/usr/local/bin/ollama', ['ollama', 'run', 'x']],
    [NODE, ['node', '/x/node_modules/@qwen-code/qwen-code/node_modules/y/cli.js']],
  ];
  for (const [exe, argv] of twins) t.equal(nameOf(exe, argv), 'none', argv.join(' '));
});

t.test('a program that the dynamic linker was told to load is that program', async (t) => {
  const codex = '/x/@openai/codex/vendor/codex/codex';
  t.equal(nameOf(LINKER, ['ld.so', codex, 'exec']), 'codex');
  t.equal(nameOf(LINKER, ['ld.so', '--library-path', '/l', codex]), 'codex');
  t.equal(nameOf(LINKER, ['ld.so', NODE, '/usr/local/bin/gemini']), 'gemini-cli');
  t.equal(nameOf(LINKER, ['ld.so', './claude'], '/x/@anthropic-ai/claude-code'), 'claude-code');
  t.equal(nameOf(LINKER, ['ld.so', '/usr/bin/less', codex]), 'none');
  t.equal(nameOf(LINKER, ['ld.so']), 'none');
});

t.test('a script named from where it lies is found all the same', async (t) => {
  t.equal(nameOf(NODE, ['node', 'gemini.js'], '/x/@google/gemini-cli/bundle'), 'gemini-cli');
  t.equal(nameOf(NODE, ['node', 'gemini.js'], '/x/other'), 'none');
});

t.test('a mark in the environment is a hint beside the evidence, never an identity', async (t) => {
  const registry = new AgentRegistry(settings());
  registry.fact({ fact: 'user', uid: 1000, user: 'alice' });
  const env = { CLAUDECODE: '', AA_AGENT_ID: 'secret' };
  registry.ask(execEvent(key, '/usr/bin/python3', { env, asksVerdict: true }));
  t.equal(registry.agentOf(key), null);
  const other = { tgid: 101, startNs: 1n };
  registry.ask(execEvent(other, '/x/@openai/codex/codex', { env, asksVerdict: true }));
  t.strictSame(registry.agentOf(other)?.evidence, [
    'executable of the npm package @openai/codex: /x/@openai/codex/codex',
    'its environment has the mark CLAUDECODE',
  ]);
});

t.test('a model server is followed and needs no registration', async (t) => {
  t.match(identified('/usr/bin/ollama', ['ollama', 'serve']), { isServer: true });
  t.notOk(identified('/x/@openai/codex/codex', ['codex'])?.isServer);
});

t.test('only what was run is called verified, and each says what it is built on', async (t) => {
  t.strictSame(
    SIGNATURES_TOLD.filter(({ verified }) => verified).map(({ name }) => name),
    ['claude-code', 'codex', 'gemini-cli', 'qwen-code', 'opencode'],
  );
  for (const { name, verified, evidence } of SIGNATURES_TOLD) {
    t.ok(evidence.length > 0, name);
    t.equal(evidence.includes('not run here'), !verified, name);
  }
  t.equal(new Set(SIGNATURES_TOLD.map(({ name }) => name)).size, SIGNATURES_TOLD.length);
});

t.test('no command line makes it fail', async (t) => {
  const odd = ['', '-', '--', '-m', '-c', '-X', '@', '/', 'a/../..', '\0', '-Imx', '__proto__'];
  for (const exe of [NODE, PYTHON, LINKER, '', '/', '/usr/bin/bash']) {
    for (const one of odd) for (const two of odd) t.ok(nameOf(exe, [one, two, one]));
    t.ok(nameOf(exe, []));
  }
});
