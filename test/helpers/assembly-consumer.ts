import { AckPolicy, connect, DeliverPolicy, nanos } from 'nats';
import type { JsMsg, NatsConnection } from 'nats';
import { Corrections, holdsNul, readBody } from './assembly-rows.js';
import type { AuditRow, Json, Outcome } from './assembly-rows.js';
import type { Owner } from './children.js';
import { waitFor } from './wait.js';

const STREAM = 'AUDIT';
const DURABLE = 'aa-gateway-audit-consumer';
const BATCH = 1024;

/**
 * Agent Assembly's gateway (commit 19fa34470) as far as it reads `assembly.audit.>`: its stream, its durable consumer, its
 * tables. Written from the rules its code follows, with a count of everything it would do without saying.
 */
export class AssemblyGateway {
  /** audit_logs, by its primary key. */
  readonly rows = new Map<string, AuditRow>();
  /** agents.last_heartbeat, by agent_id. */
  readonly heartbeats = new Map<string, string>();
  /** What was left of each body that became a row, in the order of the stream. */
  readonly bodies: Json[] = [];
  readonly corrections = new Corrections();
  /** Rows whose id was there already: ON CONFLICT DO NOTHING. */
  collapsed = 0;
  /** Not JSON: acknowledged, and gone. */
  undecodable = 0;
  /** Batches that the database refuses because of a NUL. They come again, for ever. */
  refusedBatches = 0;

  private constructor(private readonly connection: NatsConnection) {}

  static async start(t: Owner, url: string): Promise<AssemblyGateway> {
    const connection = await connect({ servers: url });
    t.teardown(() => connection.close());
    const { streams, consumers } = await connection.jetstreamManager();
    // Get or create: one that is there is taken as it is.
    await streams
      .info(STREAM)
      .catch(() => streams.add({ name: STREAM, subjects: ['assembly.audit.>'] }));
    await consumers.add(STREAM, {
      durable_name: DURABLE,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: nanos(30_000),
      max_ack_pending: 8192 + 1024,
      max_deliver: -1,
    });
    return new AssemblyGateway(connection);
  }

  /** Takes what the stream holds, batch by batch, until `done`. */
  async consume(done: () => boolean): Promise<void> {
    const consumer = await this.connection.jetstream().consumers.get(STREAM, DURABLE);
    await waitFor('the gateway to have stored enough', async () => {
      const batch: JsMsg[] = [];
      const messages = await consumer.fetch({ max_messages: BATCH, expires: 1000 });
      for await (const message of messages) {
        batch.push(message);
        if (message.info.pending === 0) break;
      }
      await this.store(batch);
      return done();
    });
  }

  /** One insert for the batch, and an acknowledgement for each message once it is durable. */
  private async store(batch: readonly JsMsg[]): Promise<void> {
    const outcomes = batch.map((message) => readBody(message.data, this.corrections));
    if (outcomes.some((outcome) => outcome.is === 'row' && holdsNul(outcome.row))) {
      this.refusedBatches += 1;
      return;
    }
    for (const outcome of outcomes) this.take(outcome);
    await Promise.all(batch.map((message) => message.ackAck()));
  }

  private take(outcome: Outcome): void {
    if (outcome.is === 'undecodable') {
      this.undecodable += 1;
    } else if (outcome.is === 'heartbeat') {
      const { agentId, ts } = outcome;
      if (agentId !== null && ts !== null) this.heartbeats.set(agentId, ts);
    } else {
      const { row, body } = outcome;
      this.bodies.push(body);
      if (this.rows.has(row.event_id)) this.collapsed += 1;
      else this.rows.set(row.event_id, row);
    }
  }
}
