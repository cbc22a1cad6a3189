import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** Where a command writes. */
export interface Terminal {
  readonly out: Output;
  readonly err: Output;
  /** Colours may be used on `out`. */
  readonly color: boolean;
  /** `out` is a terminal that shows UTF-8. */
  readonly unicode: boolean;
}

/** Lines to a stream that may be slow. */
export class Output {
  constructor(private readonly stream: Writable) {}

  /** Resolves when there is room for more. */
  async line(text: string): Promise<void> {
    if (!this.stream.write(`${text}\n`)) await once(this.stream, 'drain');
  }

  /** For what is written by callbacks that cannot wait. */
  text(text: string): void {
    this.stream.write(text);
  }
}
