import { once } from 'node:events';
import { resolve } from 'node:path';
import {
  followJson,
  parseLines,
  runCommand,
  runForJson,
  startChild,
  type Owner,
} from '../test/helpers/children.js';
import { compileTrigger } from '../test/helpers/compile.js';
import { makeCertificate } from '../test/helpers/model-server.js';
import { waitFor } from '../test/helpers/wait.js';
import { pinned } from './machine.js';

export const TLS_LOAD = compileTrigger('tls-load');
export const NODE_LOAD = resolve('bench/tls-node.mjs');
const NOOP = compileTrigger('noop');

/** Figures by name, as one run of a load gave them. */
export type Figures = Readonly<Record<string, number>>;

/** How long the loads are, in operations. */
export interface Scale {
  readonly memory: number;
  readonly exec: number;
  readonly connect: number;
  readonly syscalls: number;
  readonly seconds: number;
}

interface TlsResult {
  readonly done: number;
  readonly bad: number;
  readonly cpu_us: number;
  readonly ops_per_s: number;
  readonly write_p50_ns: number;
  readonly read_p50_ns: number;
}

/** Every load once, one after another. Throws when a load found its own bytes damaged. */
export async function runLoads(owner: Owner, scale: Scale): Promise<Figures> {
  return {
    ...(await latency(owner, 200, scale.seconds)),
    ...(await latency(owner, 4096, scale.seconds)),
    ...(await latency(owner, 16384, scale.seconds)),
    ...(await fullSpeed(owner, 4096, scale.memory)),
    ...(await nodeTls(owner, scale.seconds)),
    ...(await fixedRate(owner, scale.seconds)),
    ...(await execs(owner, scale.exec)),
    ...(await connects(owner, scale.connect)),
    ...(await systemCalls(owner, scale.syscalls)),
  };
}

async function one<T>(owner: Owner, command: readonly string[]): Promise<T> {
  const [result] = await runForJson<T>(owner, pinned(0, command));
  if (result === undefined) throw new Error(`${command.join(' ')} printed nothing`);
  return result;
}

/**
 * The latency of each call, in memory, at 5,000 calls a second: slow enough that nobody loses an event, since an event
 * that is lost costs less and would flatter whoever loses it.
 */
async function latency(owner: Owner, size: number, seconds: number): Promise<Figures> {
  const [rate, count] = [2500, 2500 * seconds];
  const pace = ['--rate', String(rate), '--count', String(count), '--warm', String(count / 10)];
  const result = await one<TlsResult>(owner, [TLS_LOAD, 'memory', '--size', String(size), ...pace]);
  return { [`write ${size}`]: result.write_p50_ns, [`read ${size}`]: result.read_p50_ns };
}

/** As fast as it goes, in memory. Who watches may lose events here, and then slows it less. */
async function fullSpeed(owner: Owner, size: number, count: number): Promise<Figures> {
  const options = ['--size', String(size), '--count', String(count)];
  const result = await one<TlsResult>(owner, [TLS_LOAD, 'memory', ...options]);
  return { [`throughput ${size}`]: result.ops_per_s };
}

/** As for `latency`, slow enough that nobody loses an event. */
async function nodeTls(owner: Owner, seconds: number): Promise<Figures> {
  const { cert, key } = makeCertificate(owner);
  const pace = [String(2500 * seconds), '2500'];
  const command = [process.execPath, NODE_LOAD, cert, key, '4096', ...pace];
  return { node: (await one<{ us_per_op: number }>(owner, command)).us_per_op };
}

/** 2,000 messages of 4 KiB a second over loopback, not pinned: what the load itself pays. */
async function fixedRate(owner: Owner, seconds: number): Promise<Figures> {
  const { client, server } = await overLoopback(owner, {
    size: 4096,
    rate: 2000,
    seconds,
    http: false,
  });
  return { 'rate cpu': (client.cpu_us + server.cpu_us) / client.done };
}

export interface LoopbackLoad {
  readonly size: number;
  readonly rate: number;
  readonly seconds: number;
  readonly http: boolean;
}

/** A server and a client of it, each a process. */
export async function overLoopback(
  owner: Owner,
  { size, rate, seconds, http }: LoopbackLoad,
): Promise<{ client: TlsResult; server: TlsResult }> {
  const shape = ['--size', String(size), ...(http ? ['--http'] : [])];
  const server = startChild(owner, [TLS_LOAD, 'serve', ...shape]);
  const lines = followJson<TlsResult | { port: number }>(server);
  const closed = once(server, 'close');
  const port = await waitFor('the load server', () => {
    const [first] = lines;
    return first !== undefined && 'port' in first && first.port;
  });
  const pace = ['--rate', String(rate), '--count', String(rate * seconds)];
  const command = [TLS_LOAD, 'tcp', '--port', String(port), ...shape, ...pace] as const;
  const { code, stdout, stderr } = await runCommand(owner, command);
  await closed;
  const [client] = parseLines<TlsResult>(stdout);
  const result = lines.find((line): line is TlsResult => 'done' in line);
  if (code !== 0 || client === undefined || result === undefined || result.bad > 0) {
    throw new Error(`the load over loopback failed: ${stderr}${stdout}`);
  }
  return { client, server: result };
}

async function execs(owner: Owner, count: number): Promise<Figures> {
  const storm = compileTrigger('exec-storm');
  const command = [storm, NOOP, '--count', String(count), '--quiet'];
  const { cpu_us, wall_us } = await one<{ cpu_us: number; wall_us: number }>(owner, command);
  return { 'exec cpu': cpu_us / count, 'exec wall': wall_us / count };
}

async function connects(owner: Owner, count: number): Promise<Figures> {
  const command = [compileTrigger('connect-loop'), '--count', String(count)];
  return { connect: (await one<{ ns_per_call: number }>(owner, command)).ns_per_call };
}

async function systemCalls(owner: Owner, count: number): Promise<Figures> {
  const command = [compileTrigger('getppid'), '--count', String(count)];
  return { getppid: (await one<{ ns_per_call: number }>(owner, command)).ns_per_call };
}
