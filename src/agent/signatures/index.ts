import type { Signature } from '../signature.js';
import { claudeCode } from './claude-code.js';
import { codex } from './codex.js';
import { geminiCli } from './gemini-cli.js';

/** Every agent known without configuration, in the order they are tried. */
export const SIGNATURES: readonly Signature[] = [claudeCode, codex, geminiCli];
