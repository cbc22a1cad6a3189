import { join } from 'node:path';
import { connect } from 'nats';
import type { NatsConnection } from 'nats';
import { Cosigner } from '../../../src/gateway/cosigner.js';
import { Gateway } from '../../../src/gateway/gateway.js';
import type { Who } from '../../../src/gateway/incoming.js';
import { Intake } from '../../../src/gateway/intake.js';
import { Nodes } from '../../../src/gateway/nodes.js';
import { OwnValues } from '../../../src/gateway/own-values.js';
import { Reporter } from '../../../src/gateway/reporter.js';
import { SilenceWatch } from '../../../src/gateway/silence-watch.js';
import { Witness } from '../../../src/gateway/witness.js';
import { Mirror } from '../../../src/journal/index.js';
import {
  ensureStream,
  NatsLink,
  publishOne,
  PullConsumer,
  WATCHFLOOR_STREAM,
} from '../../../src/nats/index.js';
import { cosignSubject, encodeDelimited, subjectOf } from '../../../src/subject/index.js';
import { readHeader } from '../../../src/record/index.js';
import type { Owner } from '../../helpers/children.js';
import type { Incoming } from '../../../src/gateway/incoming.js';

export const quiet = { error() {}, warn() {}, info() {}, debug() {} };

export interface Finding {
  readonly rule: string;
  readonly summary: string;
}

/** The gateway's rooms over a real server, without a journal of its own. */
export async function openHub(
  t: Owner,
  url: string,
  stateDir: string,
  { name = 'hub', shard = { index: 0, of: 1 }, silentAfterMs = 60_000, gapAfterMs = 60_000 } = {},
) {
  const link = NatsLink.open({
    servers: url.split(','),
    credentialsFile: null,
    nkeyFile: null,
    tokenFile: null,
    tls: { ca: null, cert: null, key: null },
    clientName: name,
  });
  const said: (Finding | { readonly event: string; readonly detail: string })[] = [];
  const records = {
    append: (value: { finding?: Finding; sensor?: { event: string; detail: string } }) => {
      if (value.finding) said.push(value.finding);
      else if (value.sensor) said.push(value.sensor);
    },
    flush: async () => true,
  };
  const values = new OwnValues(1, () => 0n);
  const reporter = new Reporter(values, records, quiet, gapAfterMs);
  const nodes = new Nodes({
    directory: join(stateDir, 'nodes'),
    rules: { gapAfterMs, reorder: { maxRecords: 16_384, maxBytes: 8 << 20 } },
    shard,
    maxNodes: 16,
    maxOpen: 16,
    maxWaitingBytes: 64 << 20,
    openMirror: (directory) => Mirror.open(directory),
  });
  const silence = new SilenceWatch(silentAfterMs);
  for (const key of nodes.knownKeys()) silence.expect(key);
  const witness = await Witness.open(stateDir, name);
  const stream = WATCHFLOOR_STREAM.name;
  const cosigner = new Cosigner(
    witness,
    ({ who }, note) => publishOne(link, stream, cosignSubject(who.tenant, who.node), note),
    quiet,
  );
  const intake = new Intake({
    nodes,
    cosigner,
    reporter,
    silence,
    shard,
    log: quiet,
    pause: async () => false,
  });
  const consumer = new PullConsumer(link, {
    stream,
    durable: `watchfloor-${name}`,
    prepare: () => ensureStream(link, WATCHFLOOR_STREAM),
    onNote: (text) => said.push({ event: 'consumer', detail: text }),
  });
  const stop = new AbortController();
  const parts = { consumer, intake, cosigner, nodes, silence, log: quiet, stop: stop.signal };
  const running = new Gateway({ ...parts, seal: async () => undefined }).run();
  let ended: Promise<void> | null = null;
  const close = (): Promise<void> => {
    ended ??= (async () => {
      stop.abort();
      await running;
      await link.close();
      await nodes.close();
    })();
    return ended;
  };
  t.teardown(close);
  return { said, intake, nodes, witness, link, silence, close };
}

/** A client of the server for the test's own use. */
export async function connectTo(t: Owner, url: string): Promise<NatsConnection> {
  const connection = await connect({ servers: url });
  t.teardown(() => connection.close());
  return connection;
}

/** One message with these records, which have one subject. */
export function messageOf(records: readonly Incoming[]): { subject: string; data: Buffer } {
  const header = readHeader(records[0]!.bytes);
  if (header === null) throw new Error('no record');
  return { subject: subjectOf(header), data: encodeDelimited(records.map(({ bytes }) => bytes)) };
}

export const directoryOf = (stateDir: string, { tenant, node }: Who): string =>
  join(stateDir, 'nodes', tenant, node);
