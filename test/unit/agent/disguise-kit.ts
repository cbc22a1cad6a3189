import { Disguises, type DisguiseStep } from '../../../src/agent/index.js';
import type {
  ExecEvent,
  ImageFact,
  ImageId,
  ProcessFact,
  ProcessKey,
  RenameEvent,
} from '../../../src/event/index.js';
import { baseOf, execEvent } from '../../helpers/events.js';

/** Scenes for tests of disguises: processes of one agent, whose root has pid 1000. */
export const key = (tgid: number): ProcessKey => ({ tgid, startNs: BigInt(tgid) });
export const ROOT = key(1000);

export const FIFO = 0o010600;
export const SOCKET = 0o140777;
export const TTY = 0o020620;
export const REGULAR = 0o100600;

export const image = (inode: number, size = 1000): ImageId => ({
  dev: 8n,
  inode: BigInt(inode),
  changedNs: BigInt(inode) * 10n,
  size: BigInt(size),
});

export const imageFact = (id: ImageId, more: Partial<ImageFact> = {}): ImageFact => ({
  fact: 'image',
  image: id,
  gone: false,
  buildId: '',
  kind: null,
  twin: null,
  ...more,
});

/** A command line by words; `'` keeps some together. */
export const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

export const exec = (
  tgid: number,
  exe: string,
  line: string,
  more: Partial<ExecEvent> = {},
): ExecEvent => ({
  ...execEvent(key(tgid), exe, {
    argv: words(line),
    parent: ROOT,
    file: image(tgid),
    stdinMode: TTY,
  }),
  root: ROOT,
  ...more,
});

export const rename = (tgid: number, to: string): RenameEvent => ({
  kind: 'rename',
  ...baseOf(key(tgid), ROOT, 77n),
  from: 'x',
  to,
});

export const look = (tgid: number, more: Partial<ProcessFact>): ProcessFact => ({
  fact: 'process',
  key: key(tgid),
  gone: false,
  ...more,
});

/** `rule/way severity`, in order. */
export const told = ({ observations }: DisguiseStep): string[] =>
  observations.map(({ rule, way, severity }) => `${rule}/${way} ${severity}`);

/** What a single exec shows, with an answer to the question about its image. */
export const shows = (
  event: ExecEvent,
  fact: Partial<ImageFact> = {},
  parentExe = '/usr/bin/bash',
): string[] => {
  const disguises = new Disguises();
  const first = disguises.exec(event, { exe: parentExe, image: null });
  return [...told(first), ...told(disguises.fact(imageFact(event.file, fact)))];
};
