import type { CoverageInfo, CoverageState } from '../event/index.js';
import type { Attachments } from './attachments.js';
import type { WatchedProcess } from './watched-process.js';

/**
 * What of this process's TLS can be read, or null while nothing shows that it uses any, or while an attachment or a
 * look-up that would answer the question is under way.
 */
export function judgeCoverage(
  process: WatchedProcess,
  attachments: Attachments,
): CoverageInfo | null {
  if (process.silent) return null;
  const stacks = [...process.stacks].flatMap((id) => attachments.get(id) ?? []);
  const attached = stacks.find((stack) => stack.state === 'attached');
  if (attached !== undefined || process.plaintext) {
    // Bytes can only have been missed by a process that was there, or had talked, before the probes were.
    const missed =
      process.existedBefore ||
      process.talkedPending ||
      (attached !== undefined &&
        process.firstFlowNs !== null &&
        process.firstFlowNs < attached.attachedNs);
    return {
      state: 'plaintext',
      library: attached?.stack.library ?? attachments.anyLibrary(),
      reason: missed ? 'recognised_late' : 'attached',
    };
  }
  if (stacks.some((stack) => stack.state === 'attaching')) return null;
  const state: CoverageState = process.named ? 'metadata' : 'blind';
  const failed = stacks.find((stack) => stack.state === 'failed');
  if (failed !== undefined) {
    return { state, library: failed.stack.library, reason: `attach_failed: ${failed.error}` };
  }
  if (process.unreadable !== null) {
    return { state, library: '', reason: `unreadable: ${process.unreadable}` };
  }
  if (!process.hello || process.lookingUp) return null;
  return { state, library: '', reason: 'no_known_stack' };
}
