import type { AgentDescent, AgentInfo, ProcessInfo } from '../event/index.js';
import { redactAgent, redactPath } from '../redact/index.js';

/** One living agent as the daemon tells of it; as JSON on the read socket. */
export interface AgentLine {
  readonly id: string;
  readonly name: string;
  readonly session: string;
  readonly assurance: string;
  /** Of its root. */
  readonly pid: number;
  /** How many of its processes live. */
  readonly processes: number;
  /** Absent: no agent started it. */
  readonly under?: AgentDescent;
  /** The oldest of its living processes. */
  readonly members?: readonly MemberLine[];
}

export interface MemberLine {
  readonly pid: number;
  readonly ppid: number;
  readonly exe: string;
  /** Empty: `exe` is it. */
  readonly program: string;
  /** Its start: CLOCK_BOOTTIME nanoseconds, as decimal text. */
  readonly sinceNs: string;
}

/** An agent as the pipeline knows it. */
export interface KnownAgent extends AgentInfo {
  readonly rootPid: number;
  readonly liveProcesses: number;
  /** Its living processes as far as they are known one by one. */
  readonly members?: readonly ProcessInfo[];
}

/** Processes told of one agent, and of all. `processes` counts those left out. */
export const MAX_MEMBERS = 256;
export const MAX_ALL_MEMBERS = 8192;
/** Characters of a path; with the limits above an answer stays far below what a client takes. */
const MAX_PATH = 256;

/** The daemon's answer to `agents`: cleaned as records are, and bounded. */
export function agentLines(agents: readonly KnownAgent[]): AgentLine[] {
  let room = MAX_ALL_MEMBERS;
  return agents.map((agent) => {
    const { id, name, session, assurance, under } = redactAgent(agent);
    const members = [...(agent.members ?? [])]
      .sort((a, b) => (a.startNs < b.startNs ? -1 : Number(a.startNs > b.startNs)))
      .slice(0, Math.min(MAX_MEMBERS, room))
      .map(memberLine);
    room -= members.length;
    return {
      ...{ id, name, session, assurance, pid: agent.rootPid, processes: agent.liveProcesses },
      ...(under?.parent && under.root
        ? { under: { ...under, parent: under.parent, root: under.root } }
        : {}),
      members,
    };
  });
}

const memberLine = ({ pid, ppid, exe, program, startNs }: ProcessInfo): MemberLine => ({
  pid,
  ppid,
  exe: redactPath(exe).slice(0, MAX_PATH),
  program: redactPath(program ?? '').slice(0, MAX_PATH),
  sinceNs: `${startNs}`,
});
