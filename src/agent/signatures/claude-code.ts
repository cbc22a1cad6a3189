import type { Signature } from '../signature.js';

/**
 * Anthropic's Claude Code. The npm package ships `claude`, on some versions `claude.exe`; the native installer runs
 * `.../share/claude/versions/<x.y.z>`, whose name is a version; before 2.1 it was a Node script, which npm reaches through
 * the link `bin/claude`.
 */
export const claudeCode: Signature = {
  name: 'claude-code',
  marks: [
    {
      exe: [
        '*/@anthropic-ai/claude-code*/claude',
        '*/@anthropic-ai/claude-code*/claude.exe',
        '*/@anthropic-ai/.claude-code*/claude',
      ],
      says: 'executable of the npm package @anthropic-ai/claude-code',
    },
    { exe: ['*/claude/versions/*'], says: 'executable of the native Claude Code installer' },
    {
      exe: ['node', 'nodejs', 'bun'],
      script: ['*/@anthropic-ai/claude-code*/cli.js', '*/bin/claude'],
      says: 'Claude Code script',
    },
  ],
  basenames: ['claude', 'claude.exe', 'node', 'nodejs', 'bun'],
  parents: ['versions'],
};
