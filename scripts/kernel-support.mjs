#!/usr/bin/env node
// Shows what scripts/run-on-kernel found.
//   kernel-support.mjs                 writes docs/kernel-support.md from what is in .cache/kernel
//   kernel-support.mjs --print FILE    prints one table
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const cache = path.join(root, '.cache/kernel');
const target = path.join(root, 'docs/kernel-support.md');

const readTable = (file) => JSON.parse(readFileSync(file, 'utf8'));
const byFamily = (a, b) => a.family.localeCompare(b.family) || a.name.localeCompare(b.name);

/** The iterator is attached each time it is read, so it stays ready. */
const isAttached = ({ state, runs }) => state === 'attached' || (state === 'ready' && runs > 0);

/** What the kernel did with a program: words for one cell. */
function outcome(program) {
  if (program.state === 'unsupported') return `no: ${program.detail}`;
  if (program.state === 'failed') return `refused: ${program.detail}`;
  if (!isAttached(program)) return 'loads';
  return program.runs > 0 ? 'yes' : 'attaches';
}

function printTable(table) {
  console.log(`kernel ${table.kernel}, ${table.date}, ${table.bytes} bytes of records read`);
  for (const fact of table.wrong) console.log(`wrong: ${fact}`);
  for (const line of table.log) console.log(`log: ${line}`);
  const columns = ({ name, family, state, runs, detail }) => {
    const loads = state === 'attached' || state === 'ready' ? 'yes' : 'no';
    const attaches = isAttached({ state, runs }) ? 'yes' : 'no';
    return [name, family, loads, attaches, String(runs), detail];
  };
  const rows = [['program', 'family', 'loads', 'attaches', 'runs', 'detail']];
  rows.push(...table.programs.slice().sort(byFamily).map(columns));
  const widths = rows[0].map((_, at) => Math.max(...rows.map((row) => row[at].length)));
  for (const row of rows) {
    console.log(
      row
        .map((cell, at) => cell.padEnd(widths[at]))
        .join('  ')
        .trimEnd(),
    );
  }
}

function versionOrder(a, b) {
  const numbers = ({ kernel }) => kernel.split(/[.-]/).map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  return left[0] - right[0] || left[1] - right[1];
}

const row = (cells) => `| ${cells.join(' | ')} |`;

/** What a machine printed: its facts, and the bypasses of the service's tail. */
function readMachine(file) {
  const log = readFileSync(file, 'utf8');
  const fact = (pattern) => pattern.exec(log)?.[1] ?? 'unknown';
  const [, tail = ''] = log.split(/^vm-provision: what the service saw.*\n/m);
  return {
    kernel: fact(/^vm-provision: watchfloor\.service .* on Linux ([^ ,\n]+)/m),
    date: statSync(file).mtime.toISOString().slice(0, 10),
    service: fact(/^vm-provision: watchfloor\.service is (\S+)/m),
    programs: fact(/^sensors +(\d+ of \d+) programs/m),
    exit: fact(/^exit (\d+)$/m),
    bypasses: tail.split('\n').filter((line) => line.includes(' bypass.direct_egress ')),
  };
}

function machineMarkdown(machines) {
  const rows = machines.map(({ kernel, date, service, programs, bypasses, exit }) =>
    row([kernel, date, service, programs, String(bypasses.length), exit]),
  );
  const tails = machines.map(
    ({ kernel, bypasses }) => `On ${kernel}:\n\n\`\`\`text\n${bypasses.join('\n')}\n\`\`\`\n`,
  );
  return `
## As a service

\`scripts/run-on-kernel VERSION vm\` boots Debian 12 with systemd on that kernel, without a network, and runs
\`scripts/vm-provision --built\` in it: the service is installed and started, then \`scripts/demo\` runs three
agents, each once through its proxy and once around it. \`bypasses\` counts the \`bypass.direct_egress\` findings in
the service's own journal: three are right. \`exit\` is 0 when the service is active and every agent was found.

${row(['release', 'tried', 'service', 'programs that run', 'bypasses', 'exit'])}
${row(['---', '---', '---', '---', '---', '---'])}
${rows.join('\n')}

What \`watchfloor tail --rule bypass.direct_egress\` then prints from the service's journal.

${tails.join('\n')}`;
}

function markdown(tables, machines) {
  const kernels = tables.map(({ kernel }) => kernel.split('.').slice(0, 2).join('.'));
  const names = tables[0].programs.slice().sort(byFamily);
  const cell = (table, name) => {
    const program = table.programs.find((one) => one.name === name);
    return program === undefined ? 'not tried' : outcome(program);
  };
  return `# Kernels

Every BPF program, loaded, attached and exercised by the addon itself. Written by
\`scripts/kernel-support.mjs\` from the tables of \`scripts/run-on-kernel VERSION\`; run them again when a program
is added or changed.

- \`yes\`: it loads, attaches, and the kernel counted runs of it while the exercise made TCP and UDP flows over
  IPv4 and IPv6, connected a unix socket, renamed itself, started and ended processes, and sent TLS through
  OpenSSL and Go.
- \`loads\`: the kernel takes it; the exercise has no function of that kind to put it on. test/kernel has, on the machine it
  runs on.
- \`no\`: the kernel lacks what it needs. The program is left out, the others are not affected, and
  \`watchfloor status\` and \`doctor\` name it.

An exec record was right when file, size, change time, standard input, pid, pid namespace and environment of a program
that was started were what user space knew of them.

| kernel | release | tried | exec record |
| --- | --- | --- | --- |
${tables.map(({ kernel, date, wrong }, at) => row([kernels[at], kernel, date, wrong.length === 0 ? 'right' : wrong.join('; ')])).join('\n')}

${row(['program', 'family', ...kernels])}
${row(['---', '---', ...kernels.map(() => '---')])}
${names.map(({ name, family }) => row([`\`${name}\``, family, ...tables.map((table) => cell(table, name))])).join('\n')}

What differs: before 5.12 the kernel has no atomic add that gives the old value, so the addon loads a second build
of the same sources (\`-DWF_NO_FETCH_ADD\`). Before 6.6 there is no \`uprobe.multi\`: probes are perf events, which
need CAP_SYS_ADMIN and are slower to detach. Before 6.3 there are no \`sock_send_length\` and \`sock_recv_length\`
tracepoints: a TLS object over a memory BIO is then not tied to its socket by the kernel. Before 6.7 there is no cgroup
hook for unix sockets: whom an agent asked over one is then not seen. The change time of a file moved twice (6.6, 6.11)
and the programs take the member that is there.
${machines.length === 0 ? '' : machineMarkdown(machines)}`;
}

const [mode, file] = process.argv.slice(2);
if (mode === '--print' && file !== undefined) {
  printTable(readTable(file));
} else if (mode === undefined && existsSync(cache)) {
  const readAll = (name, read) =>
    readdirSync(cache)
      .map((version) => path.join(cache, version, name))
      .filter((file) => existsSync(file))
      .map(read)
      .sort(versionOrder);
  writeFileSync(target, markdown(readAll('table.json', readTable), readAll('vm.log', readMachine)));
} else {
  console.error('usage: kernel-support.mjs [--print FILE]; run scripts/run-on-kernel first');
  process.exitCode = 64;
}
