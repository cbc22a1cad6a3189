#!/usr/bin/env node
// Loads, attaches and exercises every BPF program on the kernel that runs; prints what came of it as JSON.
//   kernel-table.mjs TLS_PROGRAM [GO_PROGRAM]     test/triggers/tls-bytes and go-tls, compiled; needs root
// This process makes itself an agent, so that it and what it starts are in scope. Whether a program ran is
// the kernel's own count (kernel.bpf_stats_enabled, put back at the end).
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { release } from 'node:os';
import { decodeBatch } from '../dist/decode/index.js';
import { WF_HEADER, WF_SEED, WfVerdict } from '../dist/decode/layout.gen.js';
import { resolveFile } from '../dist/resolve/index.js';

const { Sensor } = createRequire(import.meta.url)('../build/Release/watchfloor.node');
const STATS = '/proc/sys/kernel/bpf_stats_enabled';
const [, , tlsProgram, goProgram] = process.argv;
if (tlsProgram === undefined) {
  console.error('usage: kernel-table.mjs TLS_PROGRAM [GO_PROGRAM]');
  process.exit(64);
}

/** Where cgroup v2 is mounted, or null. */
function cgroupMount() {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  return mounts.map((line) => line.split(' ')).find((mount) => mount[2] === 'cgroup2')?.[1] ?? null;
}

/** The libssl the program is linked with. */
function libssl(program) {
  const env = { LD_TRACE_LOADED_OBJECTS: '1' };
  const loaded = execFileSync(program, [], { env, encoding: 'utf8' });
  return /=> (\S*libssl\S*)/.exec(loaded)?.[1];
}

function openReader(path) {
  const fd = openSync(path, 'r');
  const read = (offset, length) => {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
  };
  return { fd, size: fstatSync(fd).size, read };
}

function attachTls(sensor, path) {
  const reader = openReader(path);
  const resolution = resolveFile(reader);
  const stacks = resolution.ok ? resolution.found.filter(({ sites }) => sites !== undefined) : [];
  if (stacks.length === 0) throw new Error(`${path}: ${JSON.stringify(resolution)}`);
  const ids = stacks.map(({ sites }) => sensor.attachTls(reader.fd, sites));
  closeSync(reader.fd);
  return ids;
}

/** Puts this process and its descendants in scope. */
function becomeAgent(sensor) {
  const seeds = sensor.seeds();
  for (let at = 0; at + WF_SEED.SIZE <= seeds.length; at += WF_SEED.SIZE) {
    if (seeds.readUInt32LE(at + WF_HEADER.tgid) !== process.pid) continue;
    const startNs = seeds.readBigUInt64LE(at + WF_HEADER.start_ns);
    sensor.setVerdict(process.pid, startNs, WfVerdict.AGENT);
    sensor.setScope(process.pid, startNs, process.pid, startNs);
    return;
  }
  throw new Error('the task iterator does not show this process');
}

async function tcp(host) {
  const server = createServer((socket) => socket.resume().end());
  server.listen(0, host);
  await once(server, 'listening');
  const socket = connect(server.address().port, host);
  socket.resume().end('hello');
  await once(socket, 'close');
  server.close();
}

async function udp(type, host) {
  const socket = createSocket(type);
  await new Promise((done) => socket.send('hello', 9, host, done));
  socket.close();
}

/** An abstract name, which leaves no file. */
async function unix() {
  const server = createServer((socket) => socket.resume().end());
  server.listen(`\0watchfloor-table-${process.pid}`);
  await once(server, 'listening');
  const socket = connect({ path: server.address() });
  socket.resume().end('hello');
  await once(socket, 'close');
  server.close();
}

async function succeeded(child) {
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`${child.spawnfile} ended with ${status}`);
}

async function exercise() {
  // Node names its first thread so, by prctl(PR_SET_NAME).
  process.title = 'kernel-table';
  await tcp('127.0.0.1');
  await tcp('::1');
  await udp('udp4', '127.0.0.1');
  await udp('udp6', '::1');
  await unix();
  const env = { LONG: 'x'.repeat(3000), PATH: '/bin', HOME: '/tmp' };
  const child = spawn(tlsProgram, ['--threads', '2'], { stdio: 'ignore', env });
  await succeeded(child);
  if (goProgram !== undefined)
    await succeeded(spawn(goProgram, ['nested'], { stdio: 'ignore', env: {} }));
  return child.pid;
}

/** What the exec record of the program says and user space does not; members of kernel structs moved over time. */
function wrongFacts(exec, pid) {
  if (exec === undefined) return ['there is no exec record'];
  const { ctimeNs, size, ino } = statSync(tlsProgram, { bigint: true });
  const facts = {
    inode: [exec.file.inode, ino],
    changedNs: [exec.file.changedNs, ctimeNs],
    size: [exec.file.size, size],
    stdinMode: [exec.stdinMode, statSync('/dev/null').mode],
    nsPid: [exec.nsPid, pid],
    pidNamespace: [exec.pidNamespace, Number(/\d+/.exec(readlinkSync('/proc/self/ns/pid'))[0])],
    env: [JSON.stringify(exec.env), JSON.stringify({ PATH: '/bin', HOME: '' })],
  };
  return Object.entries(facts)
    .filter(([, [told, truth]]) => told !== truth)
    .map(([name, [told, truth]]) => `${name} is ${told}, not ${truth}`);
}

/** Plaintext names the probes it came through, from Linux 5.15 on. */
function wrongMarks(marks, ids) {
  const [major, minor] = release().split('.').map(Number);
  const known = major > 5 || (major === 5 && minor >= 15) ? ids : [null];
  const wrong = [...marks].filter((mark) => !known.includes(mark));
  if (marks.size === 0) return ['there is no plaintext'];
  return wrong.map((mark) => `plaintext names the probes ${mark}, which are none of ${known}`);
}

/** How often the kernel ran each program of this process. */
function runCounts() {
  const shown = JSON.parse(execFileSync('bpftool', ['-j', 'prog', 'show'], { encoding: 'utf8' }));
  // Where bpftool cannot tell who holds a program, nobody else does: that is the emulated machine.
  const isOurs = ({ pids }) => pids?.some(({ pid }) => pid === process.pid) ?? true;
  const ours = shown.filter((program) => program.name?.startsWith('wf_') && isOurs(program));
  return new Map(ours.map(({ name, run_cnt: count = 0 }) => [name, count]));
}

async function table() {
  const rings = { lifecycle: 1 << 20, network: 1 << 20, payload: 1 << 23 };
  const bounds = { maxCallBytes: 1 << 20, wakeBytes: 1 << 16, maxProcesses: 65_536 };
  const options = { rings, cgroup: cgroupMount(), ...bounds };
  const sensor = new Sensor(options);
  sensor.attach();
  const ids = [];
  try {
    ids.push(...attachTls(sensor, libssl(tlsProgram)));
    if (goProgram !== undefined) ids.push(...attachTls(sensor, goProgram));
  } catch (error) {
    // What the verifier said of a program that is not there.
    console.error(sensor.takeLog().slice(-25).join('\n'));
    throw error;
  }
  becomeAgent(sensor);
  sensor.setEnvironment(['PATH'], ['HOME'], ['WATCHFLOOR_TABLE']);
  let bytes = 0;
  const execs = [];
  const marks = new Set();
  const count = (batch) => {
    bytes += batch.bytes.length;
    const { events } = decodeBatch(batch.bytes);
    execs.push(...events.filter(({ kind }) => kind === 'exec'));
    for (const { kind, attachment } of events) if (kind === 'tls_data') marks.add(attachment);
  };
  sensor.start(count, { pollMs: 20, maxBatchBytes: 1 << 22 });
  const pid = await exercise();
  for (let rest = sensor.drain(); rest !== null; rest = sensor.drain()) count(rest);
  const exec = execs.find(({ key }) => key.tgid === pid);
  const counts = runCounts();
  const programs = sensor.programs().map((program) => {
    return { ...program, runs: counts.get(program.name) ?? 0 };
  });
  sensor.close();
  const date = new Date().toISOString().slice(0, 10);
  const wrong = [...wrongFacts(exec, pid), ...wrongMarks(marks, ids)];
  return { kernel: release(), date, bytes, wrong, programs, log: sensor.takeLog() };
}

const before = readFileSync(STATS, 'utf8');
writeFileSync(STATS, '1');
try {
  console.log(JSON.stringify(await table()));
} finally {
  writeFileSync(STATS, before);
}
