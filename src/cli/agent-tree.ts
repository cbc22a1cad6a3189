import { quoteText } from '../present/index.js';
import type { AgentLine, MemberLine } from './agent-line.js';
import { ASCII, BOX, drawForest, forestOf, MAX_LEVEL } from './forest.js';
import type { Forest } from './forest.js';
import { duration } from './time.js';

export interface TreeOptions {
  /** The terminal shows box characters. */
  readonly unicode: boolean;
  /** CLOCK_BOOTTIME, nanoseconds. */
  readonly nowNs: bigint;
}

type Node =
  | { readonly node: 'agent'; readonly agent: AgentLine; readonly isTop: boolean }
  | { readonly node: 'process'; readonly member: MemberLine }
  /** Processes that the daemon did not tell of. */
  | { readonly node: 'more'; readonly count: number; readonly told: number };

/** Each agent once, below the agent that started it, and its processes below those that forked them. */
export function agentTree(agents: readonly AgentLine[], options: TreeOptions): string[] {
  const { nodes, parents } = nodesOf(agents);
  const strokes = options.unicode ? BOX : ASCII;
  return drawForest(forestOf(parents), strokes, (index, level) => {
    const node = nodes[index];
    const text = node === undefined ? '' : labelOf(node, options.nowNs);
    return level > MAX_LEVEL ? `(level ${level}) ${text}` : text;
  });
}

/** Children keep the order of nodes: the processes of an agent stand before the agents it started. */
function nodesOf(agents: readonly AgentLine[]): { nodes: Node[]; parents: (number | null)[] } {
  const first = agents.reduce((sum, agent) => sum + ownNodes(agent).length, 0);
  const bySession = new Map(agents.map(({ session }, index) => [session, first + index]));
  const nodes: Node[] = [];
  const parents: (number | null)[] = [];
  agents.forEach((agent, index) => {
    const start = nodes.length;
    const own = ownNodes(agent);
    const above = new Map<number, number>();
    memberForest(agent.members ?? []).children.forEach((below, at) => {
      for (const child of below) above.set(child, start + at);
    });
    nodes.push(...own);
    own.forEach((_, at) => parents.push(above.get(at) ?? first + index));
  });
  for (const agent of agents) {
    const parent = bySession.get(agent.under?.parent.session ?? '') ?? null;
    nodes.push({ node: 'agent', agent, isTop: parent === null });
    parents.push(parent);
  }
  return { nodes, parents };
}

/** By itself, so that a ring of parents is opened below the agent and not beside it. */
function memberForest(members: readonly MemberLine[]): Forest {
  const byPid = new Map(members.map(({ pid }, at) => [pid, at]));
  return forestOf(members.map(({ ppid }) => byPid.get(ppid) ?? null));
}

function ownNodes({ members = [], processes }: AgentLine): Node[] {
  const told = members.map((member): Node => ({ node: 'process', member }));
  const count = processes - members.length;
  return count > 0 ? [...told, { node: 'more', count, told: told.length }] : told;
}

function labelOf(node: Node, nowNs: bigint): string {
  switch (node.node) {
    case 'agent':
      return agentLabel(node.agent, node.isTop);
    case 'process':
      return memberLabel(node.member, nowNs);
    case 'more':
      return node.told === 0 ? `${node.count} processes` : `and ${node.count} more`;
  }
}

function agentLabel({ id, name, assurance, pid, under }: AgentLine, isTop: boolean): string {
  const words = [quoteText(id), `${quoteText(name)}[${pid}]`, quoteText(assurance)];
  if (under?.handedOff === true) words.push('suspected');
  if (under !== undefined && isTop)
    words.push(`< ${quoteText(under.parent.id)}, which is not there`);
  return words.join('  ');
}

function memberLabel({ pid, exe, program, sinceNs }: MemberLine, nowNs: bigint): string {
  const what = quoteText(program === '' ? exe : program);
  const age = ageOf(sinceNs, nowNs);
  return age === null ? `${pid}  ${what}` : `${pid}  ${what}  ${age}`;
}

function ageOf(sinceNs: string, nowNs: bigint): string | null {
  if (!/^[0-9]{1,20}$/.test(sinceNs)) return null;
  const seconds = Number((nowNs - BigInt(sinceNs)) / 1_000_000_000n);
  return duration(Math.max(0, seconds));
}
