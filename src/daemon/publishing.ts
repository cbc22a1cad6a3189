import { natsSettings } from '../config/index.js';
import type { Config } from '../config/index.js';
import type { Journal } from '../journal/index.js';
import { NatsLink } from '../nats/index.js';
import { Publisher } from '../publish/index.js';
import type { PublishEvent, PublishStats } from '../publish/index.js';
import type { Log } from '../telemetry/index.js';
import { parseVkey } from '../tlog/index.js';
import type { Feeder } from './feeder.js';
import type { OwnRecords } from './own-records.js';

interface Parts {
  readonly config: Config;
  readonly node: string;
  readonly journalDir: string;
  readonly journal: Journal;
  /** The node's verifier key; null: nobody signs. */
  readonly vkey: string | null;
  readonly feeder: Pick<Feeder, 'say'>;
  readonly own: OwnRecords;
  readonly log: Log;
}

/** Records to NATS, where servers are configured; what an operator must hear of it becomes records and log lines. */
export class Publishing {
  readonly #link: NatsLink;
  readonly #publisher: Publisher;

  private constructor(private readonly parts: Parts) {
    const { config, node, journalDir, journal, vkey, log } = parts;
    const { nats, gateway_key: gatewayKey, agent_assembly: assembly } = config.publish;
    this.#link = NatsLink.open(natsSettings(nats, `watchfloor ${node}`), {
      onNote: (text) => {
        log.warn({ text }, 'nats');
      },
    });
    this.#publisher = new Publisher({
      ...{ journalDir, stateDir: config.state_dir, journal, link: this.#link },
      ...{ tenant: config.node.tenant, node, assembly: assembly.enabled },
      gatewayKey: gatewayKey === null ? null : parseVkey(gatewayKey),
      nodeKey: vkey === null ? null : parseVkey(vkey),
      rootAt: (size) => journal.rootAt(size),
      onEvent: (event) => {
        this.#tell(event);
      },
    });
    this.#publisher.start();
  }

  /** null: no server is configured, and records stay here. */
  static start(parts: Parts): Publishing | null {
    return parts.config.publish.nats.servers.length === 0 ? null : new Publishing(parts);
  }

  stats(): PublishStats {
    return this.#publisher.stats();
  }

  /** Sends what is left, for a few seconds at most. */
  async stop(): Promise<void> {
    await this.#publisher.stop();
    await this.#link.close();
  }

  #tell(event: PublishEvent): void {
    const { feeder, own, log } = this.parts;
    switch (event.event) {
      case 'stalled': {
        const { afterMs, backlog } = event;
        const summary = `no record was acknowledged for ${Math.round(afterMs / 1000)} s`;
        const evidence = [
          `${backlog} records wait`,
          this.#link.lastError ?? 'the broker is silent',
        ];
        log.error({ backlog, after_ms: afterMs }, 'publishing has stalled');
        feeder.say(own.finding('publish.stalled', 'medium', summary, evidence, afterMs));
        return;
      }
      case 'rejected': {
        const { reason, text, seq, subject } = event;
        const evidence = [text, `record ${seq}`, `subject ${subject}`];
        log.error({ reason, text, seq }, 'the broker refuses records');
        const summary = `the broker refuses records: ${reason}`;
        feeder.say(own.finding('publish.rejected', 'medium', summary, evidence));
        return;
      }
      case 'missed': {
        const { firstSeq, lastSeq } = event;
        const numbers = { first: firstSeq, last: lastSeq };
        feeder.say(own.gap('publish', 'retired', lastSeq - firstSeq + 1n, numbers));
        return;
      }
      case 'resumed':
      case 'stream':
      case 'cursor':
      case 'forgot': {
        const fields = textsOf(event);
        log.warn(fields, `publishing: ${event.event}`);
        feeder.say(own.sensor(`publish.${event.event}`, '', fields));
        return;
      }
      // Twelve times a minute: the next heartbeat says how far.
      case 'cosigned':
        return;
    }
  }
}

const textsOf = (event: PublishEvent): Record<string, string> =>
  Object.fromEntries(
    Object.entries(event).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join('; ') : String(value),
    ]),
  );
