import type { Command, Input, PipelineSettings, RegistrationReply, Value } from './event/index.js';
import { Pipeline } from './pipeline.js';
import { redact } from './redact/index.js';
import type { Storable } from './redact/index.js';

export interface Evaluated {
  /** What to journal, in order. Each is made when it is taken: take them all, once, before the next step. */
  readonly storables: Iterable<Storable>;
  readonly commands: readonly Command[];
  readonly reply?: RegistrationReply;
}

/**
 * One input to what may be stored of it and what is to be done. The daemon and replay share it: the same inputs in the
 * same order give the same records. Pure, as the pipeline is; the wall clock comes from the ticks.
 */
export class Evaluation {
  readonly pipeline: Pipeline;
  #wallOffsetNs = 0n;

  /** `before`: the evaluation whose place this one takes. */
  constructor(
    private readonly settings: PipelineSettings,
    before: Evaluation | null = null,
  ) {
    this.pipeline = before === null ? new Pipeline(settings) : before.pipeline.restart(settings);
    if (before !== null) this.#wallOffsetNs = before.#wallOffsetNs;
  }

  step(input: Input): Evaluated {
    if (input.input === 'tick') this.#wallOffsetNs = input.wallNs - input.bootNs;
    const { values, ...rest } = this.pipeline.step(input);
    return { storables: this.#stored(values), ...rest };
  }

  /** A value that did not come from an input: what the daemon says about itself. */
  store(value: Value): Storable {
    const { node, tenant, bootId } = this.settings;
    return redact(value, { node, tenant, bootId, wallOffsetNs: this.#wallOffsetNs });
  }

  *#stored(values: readonly Value[]): Generator<Storable> {
    for (const value of values) yield this.store(value);
  }
}
