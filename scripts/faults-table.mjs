#!/usr/bin/env node
// The page docs/results/faults.md out of the results of test/faults/broker-*.test.ts, a JSON object a line.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';

const results = readFileSync(process.argv[2], 'utf8').trim().split('\n').map(JSON.parse);
const server = execFileSync('nats-server', ['--version'], { encoding: 'utf8' })
  .trim()
  .replace(': v', ' ');
const number = (value) => value.toLocaleString('en');
const row = ({ fault, what, actions, lost, doubled, reordered, measured }) =>
  `| ${fault} | ${what} | ${number(actions)} | ${lost} | ${doubled} | ${reordered} | ${measured.join('; ')} |`;

console.log(`# Faults of the broker

Written by \`scripts/faults-long\`. A node without sensors, ${server} on the loopback and \`watchfloor gateway\` are processes of
their own; every action of the node has a number, and lost, twice and out of order are computed over the gateway's copy of the
journal. Linux ${release()}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}.

| fault | what happens | actions | lost | twice | out of order | measured |
|---|---|---:|---:|---:|---:|---|
${results
  .sort((a, b) => a.fault.localeCompare(b.fault, 'en', { numeric: true }))
  .map(row)
  .join('\n')}`);
