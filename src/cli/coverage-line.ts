import type { AgentInfo, CoverageInfo, ProcessInfo } from '../event/index.js';
import { redactAgent, redactPath, redactSentence } from '../redact/index.js';

/** What can be read of one TLS stack of a living process as the daemon tells of it; as JSON on the read socket. */
export interface CoverageLine {
  readonly agent: string;
  readonly pid: number;
  /** Its start: CLOCK_BOOTTIME nanoseconds, as decimal text. */
  readonly startNs: string;
  readonly exe: string;
  readonly state: string;
  /** Empty: no stack was found. */
  readonly library: string;
  /** The file that holds the stack; empty: it is not about one file. */
  readonly path: string;
  readonly reason: string;
}

export interface KnownCoverage {
  readonly agent: AgentInfo;
  readonly process: ProcessInfo;
  readonly coverage: CoverageInfo;
}

/** More are not told in one answer, which stays far below what a client takes. */
export const MAX_COVERAGE_LINES = 8192;
const MAX_TEXT = 256;

/** The daemon's answer to `coverage`: cleaned as records are, what is read worst first, and bounded. */
export const coverageLines = (known: readonly KnownCoverage[]): CoverageLine[] =>
  [...known]
    .sort((a, b) => RANK[a.coverage.state] - RANK[b.coverage.state])
    .slice(0, MAX_COVERAGE_LINES)
    .map(({ agent, process, coverage }) => ({
      agent: redactAgent(agent).id,
      pid: process.pid,
      startNs: `${process.startNs}`,
      exe: redactPath(process.exe).slice(0, MAX_TEXT),
      state: coverage.state,
      library: coverage.library,
      path: redactPath(coverage.path ?? '').slice(0, MAX_TEXT),
      reason: redactSentence(coverage.reason).slice(0, MAX_TEXT),
    }));

const RANK = { blind: 0, metadata: 1, plaintext: 2 } as const;
