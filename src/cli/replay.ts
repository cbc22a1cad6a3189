import type { Command } from 'commander';
import type { Storable } from '../redact/index.js';
import { WfLimits } from '../decode/index.js';
import { Evaluation } from '../evaluation.js';
import type { Command as PipelineCommand } from '../event/index.js';
import { readRecording } from '../recording/index.js';
import type { Entry, Recording, RecordingEnd } from '../recording/index.js';
import { encodeRecord } from '../record/index.js';
import { CliError, EXIT } from './exit.js';
import type { ExitCode } from './exit.js';
import { outputOption, subcommand } from './options.js';
import type { CommonOptions, OutputFormat } from './options.js';
import type { Terminal } from './output.js';
import { RecordPrinter } from './record-printer.js';

interface ReplayOptions extends CommonOptions {
  readonly output: OutputFormat;
  readonly commands?: true;
}

export const replayCommand = (terminal: Terminal, done: (code: ExitCode) => void): Command =>
  subcommand('replay', 'feed a recording to the pure stages and print the records they give', [
    'watchfloor replay session.wfrec -o json',
    'watchfloor replay session.wfrec --commands      # what was asked of the kernel, on standard error',
  ])
    .argument('<file>', 'a recording of: watchfloor run --record')
    .addOption(outputOption())
    .option('--commands', 'list the commands as well; nothing is carried out')
    .action(async (file: string, options: ReplayOptions) => {
      const recording = open(file);
      const end = await replay(recording, options, terminal);
      if (end.end === 'torn') {
        await terminal.err.line(`-- the recording ends at byte ${end.atByte}: ${end.reason} --`);
      }
      done(EXIT.ok);
    });

type Opened = Extract<Recording, { ok: true }>;

const open = (file: string): Opened => {
  let recording: Recording;
  try {
    recording = readRecording(file);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const exitCode = code === 'EACCES' ? EXIT.notPermitted : EXIT.unavailable;
    throw new CliError(exitCode, `${file} cannot be opened: ${code}`, 'name a file you may read');
  }
  if (!recording.ok) throw unreadable(file, recording.reason);
  const wire = recording.header.wireVersion;
  if (wire === WfLimits.WIRE_VERSION) return recording;
  throw unreadable(
    file,
    `its events are of wire version ${String(wire)}, this program reads ${WfLimits.WIRE_VERSION}`,
  );
};

const unreadable = (file: string, reason: string): CliError =>
  new CliError(
    EXIT.unavailable,
    `${file} cannot be replayed: ${reason}`,
    'record it again with: watchfloor run --record',
  );

const replay = async (
  recording: Opened,
  options: ReplayOptions,
  terminal: Terminal,
): Promise<RecordingEnd> => {
  const numbering = new Numbering(recording.header.epoch, BigInt(recording.header.firstSeq));
  const printer = new RecordPrinter(terminal, options.output, () => true);
  let evaluation = new Evaluation(recording.header.settings);
  const entries = recording.entries();
  for (;;) {
    const step = entries.next();
    if (step.done === true) {
      for (const record of numbering.take([])) await printer.print(record);
      return step.value;
    }
    const entry: Entry = step.value;
    switch (entry.entry) {
      case 'settings':
        evaluation = new Evaluation(entry.settings, evaluation);
        break;
      case 'lost':
        numbering.lose(entry.indexes);
        break;
      case 'value':
        for (const record of numbering.take([evaluation.store(entry.value)]))
          await printer.print(record);
        break;
      case 'input': {
        const { storables, commands } = evaluation.step(entry.input);
        for (const record of numbering.take([...storables])) await printer.print(record);
        if (options.commands === true)
          for (const command of commands) await terminal.err.line(commandText(command));
        break;
      }
      case 'end':
        break;
    }
  }
};

/** Gives records the numbers the journal gave them. One entry behind, for what the journal lost of it comes after. */
class Numbering {
  #waiting: readonly Storable[] = [];

  constructor(
    private readonly epoch: number,
    private nextSeq: bigint,
  ) {}

  /** These of the waiting records never got a number. */
  lose(indexes: readonly number[]): void {
    this.#waiting = this.#waiting.filter((_storable, index) => !indexes.includes(index));
  }

  take(next: readonly Storable[]): { seq: bigint; bytes: Uint8Array }[] {
    const ready = this.#waiting.map(({ body }) => {
      const seq = this.nextSeq++;
      return { seq, bytes: encodeRecord({ ...body, epoch: this.epoch, seq }) };
    });
    this.#waiting = next;
    return ready;
  }
}

const commandText = (command: PipelineCommand): string =>
  JSON.stringify(command, (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
