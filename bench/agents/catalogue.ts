import { join } from 'node:path';

/** What one start of an agent needs to know. */
export interface Setting {
  /** Of the model server, `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly prompt: string;
}

/** A real agent: where it comes from, and how it is made to talk to the model server and to run its tool unasked. */
export interface RealAgent {
  /** As the signature calls it. */
  readonly name: string;
  readonly package: string;
  readonly version: string;
  /** Command that the package installs. */
  readonly bin: string;
  args(setting: Setting): readonly string[];
  env(setting: Setting): Readonly<Record<string, string>>;
  /** Files by their path under the home directory, which is the working directory too. */
  files?(setting: Setting): Readonly<Record<string, unknown>>;
}

/** Nobody checks it. */
const KEY = 'key-of-nobody';

/** Every agent that scripts/test-agents knows; the versions are pinned here and nowhere else. */
export const REAL_AGENTS: readonly RealAgent[] = [
  {
    name: 'claude-code',
    package: '@anthropic-ai/claude-code',
    version: '2.1.329',
    bin: 'claude',
    args: ({ prompt }) => ['-p', prompt, '--allowedTools', 'Bash'],
    env: ({ url }) => ({
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_API_KEY: KEY,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    }),
  },
  {
    name: 'codex',
    package: '@openai/codex',
    version: '0.169.0',
    bin: 'codex',
    args: ({ url, prompt }) => [
      ...['exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox'],
      ...['-m', 'gpt-5', '-c', 'model_provider="local"', '-c', codexProvider(url), prompt],
    ],
    env: () => ({ CODEX_API_KEY: KEY }),
  },
  {
    name: 'gemini-cli',
    package: '@google/gemini-cli',
    version: '0.61.0',
    bin: 'gemini',
    args: ({ prompt }) => ['--yolo', '--skip-trust', '-m', 'gemini-2.5-pro', '-p', prompt],
    env: ({ url }) => ({ GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: KEY }),
    // A base URL alone makes it choose a way to log in that it then refuses.
    files: () => ({
      '.gemini/settings.json': { security: { auth: { selectedType: 'gemini-api-key' } } },
    }),
  },
  {
    name: 'qwen-code',
    package: '@qwen-code/qwen-code',
    version: '0.24.4',
    bin: 'qwen',
    args: ({ prompt }) => ['--yolo', '--auth-type', 'openai', '-p', prompt],
    env: ({ url }) => ({
      OPENAI_BASE_URL: `${url}/v1`,
      OPENAI_API_KEY: KEY,
      OPENAI_MODEL: 'local-model',
    }),
  },
  {
    name: 'opencode',
    package: 'opencode-ai',
    version: '1.18.33',
    bin: 'opencode',
    args: ({ prompt }) => ['run', '-m', 'local/local-model', prompt],
    env: () => ({ OPENCODE_DISABLE_AUTOUPDATE: '1' }),
    files: ({ url }) => ({ 'opencode.json': opencodeConfig(url) }),
  },
];

const codexProvider = (url: string): string =>
  `model_providers.local={name="local",base_url="${url}/v1",wire_api="responses",env_key="CODEX_API_KEY"}`;

const opencodeConfig = (url: string): unknown => ({
  provider: {
    local: {
      npm: '@ai-sdk/openai-compatible',
      name: 'local',
      options: { baseURL: `${url}/v1`, apiKey: KEY },
      models: { 'local-model': { name: 'local-model' } },
    },
  },
});

/** Where an agent is installed: one directory each, so that none finds what another brought. */
export const directoryOf = ({ name }: RealAgent): string => join('.cache/agents', name);
