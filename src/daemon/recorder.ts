import { CliError, EXIT } from '../cli/index.js';
import { WfLimits } from '../decode/index.js';
import type { PipelineSettings } from '../event/index.js';
import { Recorder, RECORDING_VERSION } from '../recording/index.js';

interface Identity {
  readonly settings: PipelineSettings;
  readonly epoch: number;
  readonly nextSeq: bigint;
}

/** A recording that begins with the next record of the journal. Throws a CliError. */
export const createRecorder = (path: string, { settings, epoch, nextSeq }: Identity): Recorder => {
  const header = {
    version: RECORDING_VERSION,
    wireVersion: WfLimits.WIRE_VERSION,
    settings,
    epoch,
    firstSeq: String(nextSeq),
  };
  try {
    return Recorder.create(path, header);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const remedy =
      'name a new file in a directory that can be written; a recording never replaces a file';
    throw new CliError(EXIT.unavailable, `${path} cannot be created: ${code}`, remedy);
  }
};
