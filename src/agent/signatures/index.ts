import { findSignature, type Signature, type SignatureKind } from '../signature.js';
import type { Running } from '../running.js';
import { aider } from './aider.js';
import { autogen } from './autogen.js';
import { claudeCode } from './claude-code.js';
import { codex } from './codex.js';
import { copilotCli } from './copilot-cli.js';
import { crewai } from './crewai.js';
import { cursorAgent } from './cursor-agent.js';
import { geminiCli } from './gemini-cli.js';
import { langchain } from './langchain.js';
import { mcpServer } from './mcp-server.js';
import { ollama } from './ollama.js';
import { opencode } from './opencode.js';
import { openhands } from './openhands.js';
import { qwenCode } from './qwen-code.js';

/** Every agent known without configuration, in the order they are tried. */
export const AGENTS: readonly Signature[] = [
  ...[claudeCode, codex, geminiCli, qwenCode, opencode, copilotCli, cursorAgent, aider, openhands],
  ...[crewai, langchain, autogen],
];

/** Whoever may be the root of a lineage. */
export const SIGNATURES: readonly Signature[] = [...AGENTS, ollama];

/** What a process is inside a lineage that is another's. */
const ROLES: readonly Signature[] = [mcpServer, ollama];

/** The part a process plays for the agent it belongs to; null: none that is known by its looks. */
export const roleOf = (running: Running): SignatureKind | null =>
  findSignature(ROLES, running)?.kind ?? null;

/** For `agents --signatures`. */
export const SIGNATURES_TOLD: readonly {
  readonly name: string;
  readonly kind: SignatureKind;
  readonly verified: boolean;
  readonly evidence: readonly string[];
}[] = [...SIGNATURES, mcpServer].map(({ name, kind, verified, evidence }) => ({
  ...{ name, kind, verified, evidence },
}));
