#!/usr/bin/env node
// Builds the BPF objects, the native addon and the signer: build/Release/watchfloor{.node,-signer}. Incremental.
//   build-native.mjs              builds what changed
//   build-native.mjs --force      starts from an empty build directory
//   build-native.mjs --sanitize   with the address and undefined-behaviour sanitizers
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const output = path.join(root, 'build/cmake');
const flags = new Set(process.argv.slice(2));
// bpftool lives in /usr/sbin on Debian, which a user's PATH does not name.
const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };

/** The absolute path of a command, which CMake wants, or undefined. */
function which(command) {
  const paths = env.PATH.split(':').map((directory) => path.join(directory, command));
  return paths.find((candidate) => existsSync(candidate));
}

const works = (command, args) => spawnSync(command, args, { stdio: 'ignore', env }).status === 0;

/** Sub-paths `name` of the entries of a directory; none when there is no such directory. */
function inside(directory, name) {
  const entries = existsSync(directory) ? readdirSync(directory).sort().reverse() : [];
  return entries.map((entry) => path.join(directory, entry, name));
}

/** Ubuntu's /usr/sbin/bpftool is a wrapper that only knows the tools of the running kernel. */
function findBpftool() {
  const candidates = [which('bpftool'), ...inside('/usr/lib/linux-tools', 'bpftool')];
  return candidates.find((candidate) => candidate !== undefined && works(candidate, ['version']));
}

function findClang() {
  const names = ['clang', ...[21, 20, 19, 18, 17, 16, 15, 14].map((version) => `clang-${version}`)];
  const probe = ['-target', 'bpf', '-x', 'c', '-S', '-o', '/dev/null', '/dev/null'];
  return names.map(which).find((clang) => clang !== undefined && works(clang, probe));
}

/** uv.h: beside this Node, or the system's libuv. */
function findUvHeaders() {
  const beside = (file) => path.join(path.dirname(file), '../include/node');
  const candidates = [
    beside(process.execPath),
    beside(realpathSync(process.execPath)),
    '/usr/include/node',
    '/usr/include',
  ];
  return candidates.find((directory) => existsSync(path.join(directory, 'uv.h')));
}

function isUbuntu() {
  try {
    return /^ID(_LIKE)?=.*ubuntu/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

const found = { clang: findClang(), bpftool: findBpftool(), uv: findUvHeaders() };
const bpftoolPackages = { debian: 'bpftool', ubuntu: 'linux-tools-common linux-tools-generic' };
const needs = [
  ['C++20 compiler', works('c++', ['--version']), 'g++'],
  ['cmake >= 3.20', works('cmake', ['--version']), 'cmake'],
  ['make or ninja', works('make', ['--version']) || works('ninja', ['--version']), 'make'],
  ['pkg-config', works('pkg-config', ['--version']), 'pkg-config'],
  ['libbpf >= 1.1', works('pkg-config', ['--atleast-version=1.1', 'libbpf']), 'libbpf-dev'],
  ['libcrypto', works('pkg-config', ['--atleast-version=1.1.1', 'libcrypto']), 'libssl-dev'],
  ['uv.h', found.uv !== undefined, 'libuv1-dev'],
  ['clang with BPF', found.clang !== undefined, 'clang'],
  ['bpftool', found.bpftool !== undefined, bpftoolPackages],
];

function explainMissing(missing) {
  const on = (system, packages) => (typeof packages === 'string' ? packages : packages[system]);
  const line = ([name, , packages]) =>
    typeof packages === 'string'
      ? `  ${name.padEnd(16)} package ${packages}`
      : `  ${name.padEnd(16)} package ${packages.debian} (Debian), ${packages.ubuntu} (Ubuntu)`;
  const system = isUbuntu() ? 'ubuntu' : 'debian';
  const packages = missing.map((need) => on(system, need[2])).join(' ');
  return [
    '',
    'watchfloor: the native part cannot be built; this machine lacks:',
    ...missing.map(line),
    '',
    `  sudo apt-get install -y ${packages} && npm run build:native`,
    '',
  ].join('\n');
}

function build() {
  const cli = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js');
  const defines = {
    CLANG: found.clang,
    BPFTOOL: found.bpftool,
    NODE_INCLUDE: found.uv,
    SANITIZE: flags.has('--sanitize') ? 'ON' : 'OFF',
  };
  const common = ['-d', path.join(root, 'native'), '-O', output, '-l', 'error'];
  const cmake = (step) =>
    spawnSync(
      process.execPath,
      [cli, step, ...common, ...Object.entries(defines).map(([k, v]) => `--CD${k}=${v}`)],
      { stdio: 'inherit', env, cwd: root },
    ).status ?? 1;
  // Not cmake-js' `compile`: it answers a compile error with a second, full build.
  return cmake('configure') || cmake('build');
}

const missing = needs.filter(([, present]) => !present);
if (missing.length > 0) {
  console.error(explainMissing(missing));
  process.exitCode = 1;
} else {
  if (flags.has('--force')) rmSync(output, { recursive: true, force: true });
  process.exitCode = build();
}
