#!/usr/bin/env node
/**
 * Runs the checks and the test suites one after another, shows each test file as it ends, and counts. Called by
 * scripts/test. A suite is a folder of test/ that exists; a check is a script of package.json.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { relative } from 'node:path';
import { createInterface } from 'node:readline';

const SUITES = [
  { name: 'unit', root: false, jobs: 2, coverage: true },
  { name: 'contract', root: false, jobs: 2 },
  { name: 'replay', root: false, jobs: 2 },
  // These share one kernel: a program or a probe of one would be seen by the other.
  { name: 'native', root: true, jobs: 1 },
  { name: 'kernel', root: true, jobs: 1 },
  { name: 'e2e', root: true, jobs: 1 },
  { name: 'matrix', root: true, jobs: 1 },
  { name: 'evasion', root: true, jobs: 1 },
  { name: 'faults', root: true, jobs: 1 },
];
const PURE = 'decode process agent flow elf resolve tls stream http bypass pipeline'.split(' ');
const CHECKS = ['check:types', 'check:lint', 'check:format', 'check:native'];

const isRoot = process.getuid() === 0;
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => name !== 'check' && !SUITES.some((s) => s.name === name));
if (unknown.length > 0) {
  console.error(`scripts/test: no suite ${unknown.join(', ')}; see scripts/test --help`);
  process.exit(64);
}
const wanted = (name) => asked.length === 0 || asked.includes(name);

const results = [];
if (wanted('check')) results.push(...CHECKS.map(check));
for (const suite of SUITES) {
  if (!wanted(suite.name) || !existsSync(`test/${suite.name}`)) continue;
  results.push(await run(suite));
  if (suite.coverage) results.push(coverage());
}
finish();

/** One check is one test: passed, failed, or skipped with its reason when the tool is not there (exit 77). */
function check(name) {
  console.log(`\n# ${name}`);
  const { status } = spawnSync('npm', ['run', '--silent', name], { stdio: 'inherit' });
  return {
    name,
    ...count({ pass: status === 0, fail: status !== 0 && status !== 77, skip: status === 77 }),
  };
}

async function run(suite) {
  const files = testFiles(suite.name);
  console.log(`\n# ${suite.name}: ${files.length} files`);
  if (suite.root && !isRoot) {
    console.log(`left out: test/${suite.name} needs root`);
    return { name: suite.name, passed: 0, failed: 0, skipped: files.length };
  }
  const tap = spawn('node_modules/.bin/tap', tapArguments(suite, files), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = new Promise((resolve) => tap.on('close', resolve));
  const totals = await follow(tap.stdout);
  const status = await exit;
  return { name: suite.name, ...trusted(totals, status) };
}

/** Pure rooms have no excuse: their own tests (test/coverage-map.mjs) run nearly every line of every file. */
function coverage() {
  const LEAST = 95;
  spawnSync('node_modules/.bin/tap', ['report', 'json-summary'], { stdio: 'ignore' });
  const { total, ...sources } = JSON.parse(
    readFileSync('.tap/report/coverage-summary.json', 'utf8'),
  );
  const files = Object.entries(sources)
    .map(([path, { lines }]) => ({ path: relative('.', path), percent: lines.pct }))
    .filter(({ path }) => PURE.includes(roomOf(path)));
  const tested = new Set(files.map(({ path }) => roomOf(path)));
  const untested = PURE.filter((room) => !tested.has(room));
  const low = files.filter(({ percent }) => percent < LEAST);
  for (const room of untested) console.log(`not ok src/${room} has no test of its own`);
  for (const { path, percent } of low) {
    console.log(
      `not ok ${path}: its own tests run ${percent} % of its lines, at least ${LEAST} % are due`,
    );
  }
  console.log(`# lines run by the whole of test/unit: ${total.lines.pct} %`);
  const failed = low.length + untested.length;
  return { name: 'coverage', passed: files.length - low.length, failed, skipped: 0 };
}

function roomOf(path) {
  return path.split('/')[1].replace(/\.ts$/, '');
}

function testFiles(name) {
  return readdirSync(`test/${name}`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `test/${name}/${file}`)
    .sort();
}

function tapArguments({ jobs, coverage, root }, files) {
  const report = coverage ? ['--coverage-report=none'] : ['--disable-coverage'];
  return [
    'run',
    '--reporter=tap',
    `--jobs=${jobs}`,
    `--timeout=${root ? 300 : 60}`,
    ...report,
    ...files,
  ];
}

/** Prints one line for a test file that passed, everything for one that did not; returns tap's own totals. */
async function follow(stream) {
  let totals = null;
  let file = [];
  let explaining = false;
  let empty = 0;
  for await (const line of createInterface({ input: stream })) {
    totals = readTotals(line) ?? totals;
    // What tap says about a file that failed stands behind its line, indented.
    explaining &&= line.startsWith('  ');
    if (explaining) console.log(line);
    else file.push(line);
    const end = /^(not ok|ok) \d+ - (.*)$/.exec(line);
    if (end === null) continue;
    explaining = end[1] === 'not ok';
    if (end[2].endsWith('# SKIP no tests found')) empty += 1;
    console.log(explaining ? file.join('\n') : [`ok ${end[2]}`, ...skips(file)].join('\n'));
    file = [];
  }
  return totals && movedToFailed(totals, empty);
}

function skips(lines) {
  return lines.filter((line) => /^ +ok .* # SKIP/.test(line));
}

/** tap calls a test file without a test skipped; it proves nothing and looks as if it did. */
function movedToFailed(totals, empty) {
  return { ...totals, failed: totals.failed + empty, skipped: totals.skipped - empty };
}

/** tap ends with `# { total: 11, pass: 7, fail: 3, skip: 1 }`; a test file that crashed is one of the failures. */
function readTotals(line) {
  const text = /^# \{ (total: \d+.*) \}$/.exec(line)?.[1];
  if (text === undefined) return null;
  const totals = Object.fromEntries(text.split(', ').map((pair) => pair.split(': ')));
  const of = (name) => Number(totals[name] ?? 0);
  return { passed: of('pass'), failed: of('fail'), skipped: of('skip') + of('todo') };
}

/** A run that ended badly without saying why, or never got to its totals, is a failure too. */
function trusted(totals, status) {
  const counted = totals ?? { passed: 0, failed: 0, skipped: 0 };
  return status !== 0 && counted.failed === 0 ? { ...counted, failed: 1 } : counted;
}

function count({ pass, fail, skip }) {
  return { passed: Number(pass), failed: Number(fail), skipped: Number(skip) };
}

function finish() {
  const privileged = results.filter((r) => SUITES.some((s) => s.root && s.name === r.name));
  const sum = (rows, key) => rows.reduce((total, row) => total + row[key], 0);
  console.log('');
  for (const r of results) {
    console.log(
      `${r.name.padEnd(14)} ${r.passed} passed, ${r.failed} failed, ${r.skipped} skipped`,
    );
  }
  let failed = sum(results, 'failed');
  if (isRoot && privileged.length > 0 && sum(privileged, 'passed') === 0) {
    console.log('nothing that needs root was run although this is root: that is a failure');
    failed += 1;
  }
  console.log(
    `${sum(results, 'passed')} passed, ${failed} failed, ${sum(results, 'skipped')} skipped`,
  );
  process.exitCode = failed === 0 ? 0 : 1;
}
