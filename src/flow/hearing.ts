import { processId, type WireHeadEvent } from '../event/index.js';
import { AskedNames } from './asked-names.js';
import { DNS_PORT } from './first-bytes.js';
import type { FlowEntry } from './flow-entry.js';
import type { FlowChange } from './flow.js';
import { hearFirstBytes, isLoopback } from './naming.js';
import { Openings, type Said } from './openings.js';

/** What flows say in the clear, and what that makes known of them and of those that follow. */
export class Hearing {
  readonly #asked = new AskedNames();
  readonly #openings = new Openings();
  #malformed = 0;

  on(entry: FlowEntry, event: WireHeadEvent): readonly FlowChange[] {
    return this.#hear(this.#openings.on(entry, event));
  }

  /** Time passed: what is still not whole is said as it is. */
  tick(bootNs: bigint): readonly FlowChange[] {
    return this.#hear(this.#openings.tick(bootNs));
  }

  /** The flow is forgotten: the same for it alone. */
  end(entry: FlowEntry): readonly FlowChange[] {
    return this.#hear(this.#openings.end(entry));
  }

  /** A name that can only have led to this flow, by what its process asked of DNS. */
  nameFor({ key, net, openedNs }: FlowEntry): string | null {
    if (net.dstPort === DNS_PORT || isLoopback(net.dstIp)) return null;
    return this.#asked.nameFor(processId(key), net.family, openedNs);
  }

  stats() {
    return { malformed: this.#malformed, ...this.#openings.stats() };
  }

  #hear(heard: readonly Said[]): readonly FlowChange[] {
    return heard.flatMap(({ entry, origin, said }) => {
      for (const one of said) {
        if (one.says === 'malformed') this.#malformed += 1;
        if (one.says === 'dns') {
          this.#asked.ask(processId(entry.key), one.question, origin.bootNs);
        }
      }
      return said.flatMap((one, index) => hearFirstBytes(entry, one, { origin, index }));
    });
  }
}
