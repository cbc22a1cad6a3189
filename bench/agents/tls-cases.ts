import type { Setting } from './catalogue.js';

/** A way in which an agent may come to speak TLS. */
export interface TlsCase {
  /** Of the catalogue. */
  readonly agent: string;
  /** As the table calls it. */
  readonly title: string;
  /** The server's certificate is in the system's store, too. */
  readonly inSystemStore: boolean;
  /** The server takes the WebSocket that is offered to it. */
  readonly websocket?: true;
  /** Beside what the agent always needs. `cert`: PEM file of the server's certificate. */
  env(cert: string): Readonly<Record<string, string>>;
  /** Instead of the arguments of the catalogue. */
  args?(setting: Setting): readonly string[];
}

const nodeLike = (agent: string): TlsCase => ({
  ...{ agent, title: agent, inSystemStore: false },
  env: (cert) => ({ NODE_EXTRA_CA_CERTS: cert }),
});

/** Its own provider, whose address is the one configuration that is changed. */
const builtIn = ({ url, prompt }: Setting): readonly string[] => [
  ...['exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox'],
  ...['-m', 'gpt-5', '-c', `openai_base_url="${url}/v1"`, prompt],
];

/** Every agent of the catalogue; Codex chooses between two TLS stacks. */
export const TLS_CASES: readonly TlsCase[] = [
  nodeLike('claude-code'),
  {
    ...{ agent: 'codex', title: 'codex, CA of its own', inSystemStore: false },
    env: (cert) => ({ CODEX_CA_CERTIFICATE: cert }),
  },
  {
    ...{ agent: 'codex', title: 'codex, CA of the system', inSystemStore: true },
    env: () => ({}),
  },
  {
    ...{ agent: 'codex', title: 'codex, own provider and CA', inSystemStore: false },
    env: (cert) => ({ CODEX_CA_CERTIFICATE: cert }),
    args: builtIn,
  },
  {
    ...{ agent: 'codex', title: 'codex, own provider, CA of the system', inSystemStore: true },
    env: () => ({}),
    args: builtIn,
  },
  {
    ...{ agent: 'codex', title: 'codex, own provider, over a WebSocket', inSystemStore: false },
    ...{ websocket: true },
    env: (cert) => ({ CODEX_CA_CERTIFICATE: cert }),
    args: builtIn,
  },
  nodeLike('gemini-cli'),
  nodeLike('qwen-code'),
  nodeLike('opencode'),
];
