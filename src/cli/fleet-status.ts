import type { Config } from '../config/index.js';
import { readStream } from '../nats/index.js';
import type { NatsLink, StreamMessage } from '../nats/index.js';
import { decodeRecord } from '../record/index.js';
import type { StoredRecord } from '../record/index.js';
import { decodeDelimited, NODE_PREFIX, parseSubject } from '../subject/index.js';
import { parseCheckpoint } from '../tlog/index.js';
import { EXIT } from './exit.js';
import type { ExitCode } from './exit.js';
import { fleetFailure, openFleet, originFilter, originTest, STREAM } from './fleet.js';
import type { FleetOptions } from './fleet.js';
import type { OutputFormat } from './options.js';
import type { Terminal } from './output.js';
import { table } from './table.js';

/** One node by its last heartbeat. Numbers of 64 bits that pass 2^53 are none of these. */
interface FleetNode {
  readonly node: string;
  readonly tenant: string;
  readonly silent: boolean;
  /** Since the stream stored its last heartbeat. */
  readonly age_s: number;
  readonly version: string;
  readonly agents: number;
  readonly backlog: number;
  readonly signed: number;
  readonly cosigned: number;
  /** Events that its rings dropped. */
  readonly lost: number;
}

/** Negative answer: a node is silent. */
export const fleetStatus = async (
  config: Config,
  options: FleetOptions,
  output: OutputFormat,
  terminal: Terminal,
): Promise<ExitCode> => {
  const link = await openFleet(config, options);
  try {
    const nodes = await readNodes(link, options, config.gateway.silent_after_s);
    const lines = output === 'json' ? nodes.map((node) => JSON.stringify(node)) : pretty(nodes);
    for (const line of lines) await terminal.out.line(line);
    return nodes.some(({ silent }) => silent) ? EXIT.negative : EXIT.ok;
  } catch (error) {
    throw fleetFailure(error);
  } finally {
    await link.close();
  }
};

const readNodes = async (
  link: NatsLink,
  options: FleetOptions,
  silentAfterS: number,
): Promise<FleetNode[]> => {
  const test = originTest(options);
  const cosigned = new Map<string, bigint>();
  for await (const message of lastOf(link, 'cosign', options)) {
    const about = parseSubject(message.subject);
    const size = parseCheckpoint(Buffer.from(message.data).toString('utf8'))?.size;
    if (about !== null && size !== undefined) cosigned.set(`${about.tenant}/${about.node}`, size);
  }
  const nodes: FleetNode[] = [];
  for await (const message of lastOf(link, 'heartbeat', options)) {
    const record = lastRecord(message);
    if (record === null || !test(record)) continue;
    const ageS = Math.max(Math.round((Date.now() - message.storedMs) / 1000), 0);
    const known = cosigned.get(`${record.tenant}/${record.node}`) ?? 0n;
    nodes.push(nodeOf(record, ageS, ageS > silentAfterS, known));
  }
  return nodes.sort((a, b) => order(a.tenant, b.tenant) || order(a.node, b.node));
};

const order = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

const lastOf = (
  link: NatsLink,
  type: 'cosign' | 'heartbeat',
  options: FleetOptions,
): AsyncGenerator<StreamMessage> =>
  readStream(link, STREAM, `${NODE_PREFIX}.${type}.${originFilter(options)}`, {
    lastPerSubject: true,
  });

/** The heartbeat a message ends with, when it is of the node its subject names. */
const lastRecord = ({ subject, data }: StreamMessage): StoredRecord | null => {
  const about = parseSubject(subject);
  const body = decodeDelimited(data);
  const decoded = decodeRecord((body.ok ? body.items.at(-1) : undefined) ?? new Uint8Array(0));
  if (!decoded.ok || about === null || decoded.record.kind !== 'heartbeat') return null;
  const { tenant, node } = decoded.record;
  return tenant === about.tenant && node === about.node ? decoded.record : null;
};

const nodeOf = (
  { node, tenant, heartbeat }: StoredRecord,
  ageS: number,
  silent: boolean,
  cosigned: bigint,
): FleetNode => ({
  node,
  tenant,
  silent,
  age_s: ageS,
  version: heartbeat?.version ?? '',
  agents: heartbeat?.agents ?? 0,
  backlog: Number(heartbeat?.backlog ?? 0n),
  signed: Number(heartbeat?.checkpointSize ?? 0n),
  cosigned: Number(max(heartbeat?.cosignedSize ?? 0n, cosigned)),
  lost: (heartbeat?.rings ?? []).reduce((sum, ring) => sum + Number(ring.dropped), 0),
});

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

const COLUMNS = 'NODE TENANT STATE AGE VERSION AGENTS BACKLOG SIGNED COSIGNED LOST'.split(' ');

const pretty = (nodes: readonly FleetNode[]): string[] => {
  if (nodes.length === 0) return ['no node has sent a heartbeat'];
  const rows = nodes.map((one) => [
    one.node,
    one.tenant,
    one.silent ? 'SILENT' : 'ok',
    `${one.age_s}s`,
    one.version,
    ...[one.agents, one.backlog, one.signed, one.cosigned, one.lost].map(String),
  ]);
  return table(COLUMNS, rows);
};
