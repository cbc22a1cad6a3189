import path from 'node:path';
import { encodeHeader, firstSeqOf, segmentName } from './format.js';
import type { SegmentHeader } from './format.js';
import { present } from './directory.js';
import type { Files } from './files.js';
import { Window } from './window.js';

const FOLDER = 'quarantine';
const NAME_LENGTH = segmentName(1n).length;

/** Where recovery sets aside what is no journal. Nothing in it is ever replaced or removed. */
export class Quarantine {
  private readonly added: string[] = [];

  constructor(
    private readonly directory: string,
    private readonly files: Files,
  ) {}

  get names(): readonly string[] {
    return this.added;
  }

  /** Whether a segment that began with one of these numbers was set aside: then it was told that some are missing. */
  knows(first: bigint, last: bigint): boolean {
    const kept = present(() => this.files.list(path.join(this.directory, FOLDER))) ?? [];
    return kept.some((file) => {
      const firstSeq = file.endsWith('.damaged') ? firstSeqOf(file.slice(0, NAME_LENGTH)) : null;
      return firstSeq !== null && firstSeq >= first && firstSeq <= last;
    });
  }

  /** A name of the journal's directory, whatever is under it. */
  move(name: string, why: 'torn' | 'damaged' | 'foreign'): string {
    const kept = this.newName(name.replaceAll('/', '-'), why);
    this.files.rename(path.join(this.directory, name), this.pathOf(kept));
    this.sync();
    return kept;
  }

  /** The end of a segment: its copy is durable before the segment is cut. */
  cutOff(name: string, bytes: number, offset: number): string {
    const file = path.join(this.directory, name);
    const kept = this.newName(`${name}.${offset}`, 'torn');
    const window = new Window(this.files, file, bytes);
    try {
      this.files.writeWhole(this.pathOf(kept), window.at(offset, bytes - offset));
    } finally {
      window.close();
    }
    this.sync();
    this.files.cut(file, offset);
    return kept;
  }

  /** A segment goes on with some of its frames only. What it was has a durable name here before it loses its own. */
  replace(name: string, header: SegmentHeader, frames: readonly Buffer[]): string {
    const file = path.join(this.directory, name);
    const draft = `${file}.tmp`;
    const kept = this.newName(name, 'damaged');
    this.files.link(file, this.pathOf(kept));
    this.sync();
    this.files.writeWhole(draft, Buffer.concat([encodeHeader(header), ...frames]));
    this.files.rename(draft, file);
    this.sync();
    return kept;
  }

  private newName(stem: string, why: string): string {
    this.files.makeDirectory(path.join(this.directory, FOLDER));
    const taken = new Set(this.files.list(path.join(this.directory, FOLDER)));
    let name = `${stem}.${why}`;
    for (let count = 1; taken.has(name); count += 1) name = `${stem}.${count}.${why}`;
    this.added.push(name);
    return name;
  }

  private pathOf(kept: string): string {
    return path.join(this.directory, FOLDER, kept);
  }

  private sync(): void {
    this.files.syncNow(path.join(this.directory, FOLDER));
    this.files.syncNow(this.directory);
  }
}
