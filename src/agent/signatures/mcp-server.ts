import { NODES, PYTHONS } from '../running.js';
import type { Signature } from '../signature.js';

/** A server of the Model Context Protocol, however it is started. A tool of the agent in whose lineage it is. */
export const mcpServer: Signature = {
  name: 'mcp-server',
  kind: 'mcp-server',
  verified: false,
  evidence: [
    'not run here',
    'servers of the npm scope @modelcontextprotocol, run by npx or node; Python servers called mcp-server-*, run by uvx or python -m mcp_server_*',
  ],
  marks: [
    {
      exe: NODES,
      script: ['*/@modelcontextprotocol/*', '*/bin/mcp-server-*', '*/.bin/mcp-server-*'],
      says: 'MCP server script',
    },
    {
      exe: NODES,
      script: ['*/npx-cli.js', '*/bin/npx', '*/npm-cli.js'],
      line: ['* @modelcontextprotocol/*', '* mcp-server-*'],
      says: 'MCP server by npx',
    },
    { exe: PYTHONS, script: ['*/bin/mcp-server-*'], says: 'MCP server script' },
    { exe: PYTHONS, module: ['mcp_server_*'], says: 'MCP server module' },
    { exe: ['uvx', 'uv'], line: ['* mcp-*'], says: 'MCP server by uvx' },
    { exe: ['mcp-server-*'], says: 'MCP server' },
  ],
  // Only inside an agent's lineage is it a role, and there every exec is told.
  basenames: [],
  parents: [],
};
