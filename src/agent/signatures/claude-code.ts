import { NODES } from '../running.js';
import { linksTo, type Signature } from '../signature.js';

/**
 * Anthropic's Claude Code. The npm package ships `claude`, on some versions `claude.exe`; the native installer runs
 * `.../share/claude/versions/<x.y.z>`, whose name is a version; before 2.1 it was a Node script, which npm reaches through
 * the link `bin/claude`.
 */
export const claudeCode: Signature = {
  name: 'claude-code',
  kind: 'agent',
  verified: true,
  evidence: [
    'seen: 2.1.329 from npm runs */@anthropic-ai/claude-code*/claude, one file with Bun inside',
    'the native installer links ~/.local/bin/claude to ~/.local/share/claude/versions/<version> (Piebald-AI/tweakcc#131, #277)',
    'npm may ship claude.exe on Linux (anthropics/claude-code#67586)',
    'up to 2.0 it is a Node script, cli.js, behind the link bin/claude',
  ],
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
      exe: NODES,
      script: ['*/@anthropic-ai/claude-code*/cli.js', ...linksTo('claude')],
      says: 'Claude Code script',
    },
  ],
  basenames: ['claude', 'claude.exe', ...NODES],
  parents: ['versions'],
};
