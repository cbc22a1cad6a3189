import t from 'tap';
import { Disguises } from '../../../src/agent/index.js';
import type { ExecEvent, ImageFact, ImageId } from '../../../src/event/index.js';
import {
  exec,
  FIFO,
  image,
  imageFact,
  key,
  REGULAR,
  ROOT,
  shows,
  SOCKET,
  told,
  TTY,
} from './disguise-kit.js';

const PY = '/usr/bin/python3.11';
const BASH = '/usr/bin/bash';
const memfd = (tgid: number, file: ImageId, more: Partial<ExecEvent> = {}): ExecEvent =>
  exec(tgid, '/memfd:runc_cloned:/proc/self/exe', 'runc init', { nlink: 0, file, ...more });
const FILELESS = 'exec.fileless/memfd';

t.test('a program executed from memory is told', (t) => {
  const alone = new Disguises().exec(memfd(1, image(5)), null);
  t.same(told(alone), [`${FILELESS} high`]);
  const disguises = new Disguises();
  const other = disguises.exec(memfd(1, image(5, 10)), { exe: PY, image: image(6, 11) });
  t.same(told(other), [`${FILELESS} high`], 'nothing its parent runs is as large');
  t.notOk(other.commands.some((command) => command.do === 'look_up_image' && command.sha256));
  t.same(shows(exec(1, '/memfd:x', 'x')), [], 'a file of that name in the root directory');
  t.end();
});

t.test('runc executes a copy of itself, which is compared whole', (t) => {
  const runc = image(6, 10);
  const copy = image(5, 10);
  const answered = (own: Partial<ImageFact>, source: Partial<ImageFact>): string[] => {
    const disguises = new Disguises();
    const { commands, observations } = disguises.exec(memfd(1, copy), {
      exe: '/usr/bin/runc',
      image: runc,
    });
    t.same(observations, []);
    t.match(
      commands.filter((command) => command.do === 'look_up_image' && command.sha256),
      [
        { image: copy, through: key(1) },
        { image: runc, through: ROOT, path: '/usr/bin/runc' },
      ],
    );
    const said = [...told(disguises.fact(imageFact(copy, own)))];
    said.push(...told(disguises.fact(imageFact(runc, source))));
    return said;
  };
  const same = { buildId: 'ab', sha256: 'cd' };
  t.same(answered(same, same), []);
  t.same(answered(same, { ...same, sha256: 'ce' }), [`${FILELESS} high`]);
  t.same(answered(same, { ...same, buildId: 'ac' }), [`${FILELESS} high`]);
  t.same(answered({ buildId: 'ab' }, { buildId: 'ab' }), [], 'answers to others: it still waits');
  t.same(answered({ gone: true }, same), [`${FILELESS} low`], 'it was too short-lived');
  t.same(answered(same, { gone: true }), [`${FILELESS} low`]);
  t.end();
});

t.test('a process that executes itself again from memory, in the same pid', (t) => {
  const disguises = new Disguises();
  const crun = image(6, 10);
  const copy = image(5, 10);
  disguises.exec(exec(1, '/usr/bin/crun', 'crun', { file: crun }), null);
  t.same(told(disguises.exec(memfd(1, copy), null)), []);
  disguises.exit(key(1));
  const same = { buildId: 'ab', sha256: 'cd' };
  const said = [crun, copy, crun, copy].flatMap((id) => told(disguises.fact(imageFact(id, same))));
  t.same(said, []);
  t.equal(disguises.stats().processes, 0, 'nothing of it is open any more');
  t.same(told(disguises.exec(memfd(2, copy), { exe: '/memfd:x', image: copy })), [], 'once more');
  t.end();
});

t.test('an agent cannot have us read without end', (t) => {
  const disguises = new Disguises();
  const runc = { exe: '/usr/bin/runc', image: image(6, 10) };
  const at = (tgid: number, seconds: bigint): string[] => {
    const event = memfd(tgid, image(10_000 + tgid, 10));
    const origin = { ...event.origin, bootNs: seconds * 1_000_000_000n };
    return told(disguises.exec({ ...event, origin }, runc));
  };
  for (let i = 0; i < 16; i += 1) t.same(at(100 + i, 1n), [], 'it waits for the comparison');
  t.same(at(200, 1n), [`${FILELESS} low`], 'told without');
  t.same(at(201, 2n), [], 'and again in the next second');
  const large = { exe: '/n/claude', image: image(7, 65 * 1024 * 1024) };
  const copy = memfd(300, image(8, 65 * 1024 * 1024));
  t.same(told(new Disguises().exec(copy, large)), [`${FILELESS} high`], 'too large to compare');
  t.end();
});

t.test('a file executed after it was removed, but not one that ran already', (t) => {
  const deleted = { nlink: 0, file: image(5) };
  t.same(shows(exec(1, '/dev/shm/x', 'x', deleted)), ['exec.deleted/unlinked low']);
  t.same(shows(exec(1, '/dev/shm/x', 'x')), [], 'that it lies in memory says nothing');
  const disguises = new Disguises();
  const codex = '/n/codex';
  disguises.exec(exec(1, codex, 'codex', { file: image(5) }), null);
  const unlinked = { ...image(5), changedNs: 999n };
  const again = exec(2, codex, 'codex', { nlink: 0, file: unlinked });
  const parent = { exe: codex, image: image(5) };
  t.same(told(disguises.exec(again, parent)), [], '/proc/self/exe after an update');
  t.same(told(disguises.exec({ ...again, key: key(1) }, null)), []);
  t.end();
});

t.test('libraries put into programs', (t) => {
  const preload = (env: Record<string, string>): string[] =>
    shows(exec(1, PY, 'python3 x', { env }));
  t.same(preload({ LD_PRELOAD: '/tmp/evil.so' }), ['exec.preload/LD_PRELOAD high']);
  t.same(preload({ LD_AUDIT: '/tmp/libjemalloc.so' }), ['exec.preload/LD_AUDIT high']);
  t.same(preload({ LD_PRELOAD: 'libjemalloc.so.2' }), ['exec.preload/LD_PRELOAD low']);
  t.same(preload({ LD_PRELOAD: 'libfakeroot-sysv.so' }), ['exec.preload/LD_PRELOAD low']);
  t.same(preload({ LD_PRELOAD: 'libeatmydata.so /tmp/e.so' }), ['exec.preload/LD_PRELOAD high']);
  t.same(preload({ LD_PRELOAD: '/tmp/libstdbuf.so' }), ['exec.preload/LD_PRELOAD low']);
  const ld = '/lib64/ld-linux-x86-64.so.2';
  t.same(shows(exec(1, ld, `${ld} --preload /tmp/e.so /bin/ls`)), [
    'agent.masquerade/loader low',
    'exec.preload/--preload high',
  ]);

  t.same(preload({ LD_PRELOAD: '' }), []);
  t.same(preload({ LD_PRELOAD: ' : ' }), []);
  t.same(preload({ LD_LIBRARY_PATH: '/opt/lib' }), []);
  t.same(preload({ LD_PRELOAD: '/usr/libexec/coreutils/libstdbuf.so' }), []);
  t.same(preload({ LD_PRELOAD: '/usr/lib/x86_64-linux-gnu/coreutils/libstdbuf.so' }), []);

  const disguises = new Disguises();
  const with1 = { env: { LD_PRELOAD: '/tmp/e.so' } };
  t.equal(told(disguises.exec(exec(1, PY, 'python3 x', with1), null)).length, 1);
  t.same(told(disguises.exec(exec(2, PY, 'python3 x', with1), null)), [], 'inherited');
  const other = { env: { LD_PRELOAD: '/tmp/f.so' } };
  t.equal(told(disguises.exec(exec(3, PY, 'python3 x', other), null)).length, 1);
  const stranger = { ...with1, root: key(50) };
  t.equal(told(disguises.exec(exec(4, PY, 'python3 x', stranger), null)).length, 1, 'of another');
  t.end();
});

const STDIN = 'exec.stdin_script/program';
t.test('a program that no file names', (t) => {
  const cases: [string, string, number][] = [
    [PY, 'python3 -', FIFO],
    [PY, 'python3 -u - arg', FIFO],
    [PY, 'python3', REGULAR],
    ['/usr/bin/dash', 'sh -s -- x', FIFO],
    [BASH, 'bash', FIFO],
    [BASH, 'bash', SOCKET],
    [BASH, 'bash /dev/fd/63', TTY],
    [BASH, 'bash /proc/self/fd/12', TTY],
    [BASH, 'bash /dev/stdin', FIFO],
    [PY, 'python3 /dev/fd/3', 0],
    ['/usr/bin/node', 'node', FIFO],
    ['/usr/bin/node', 'node -', FIFO],
    ['/usr/bin/perl', 'perl', FIFO],
    ['/usr/bin/ruby3.1', 'ruby -', REGULAR],
    ['/usr/bin/busybox', 'sh', FIFO],
  ];
  for (const [exe, line, stdinMode] of cases) {
    t.same(shows(exec(1, exe, line, { stdinMode })), [`${STDIN} medium`], line);
  }
  const renamed = new Disguises();
  renamed.exec(exec(1, '/tmp/nginx', 'nginx x'), null);
  renamed.fact(imageFact(image(1), { kind: 'python' }));
  const again = exec(2, '/tmp/nginx', 'nginx -', { file: image(1), stdinMode: FIFO });
  t.ok(told(renamed.exec(again, null)).includes(`${STDIN} medium`), 'known by its content');
  t.end();
});

t.test('standard input that is data, or a terminal, or the shell of an agent', (t) => {
  const fine: [string, string, number][] = [
    [BASH, "bash -c 'cat | sort'", FIFO],
    [BASH, 'bash -c -l SNAPSHOT_FILE=/x', FIFO],
    [BASH, 'bash', TTY],
    [BASH, 'bash -i', TTY],
    [BASH, 'bash', 0],
    [BASH, 'bash', 0o020666],
    [PY, 'python3 script.py', REGULAR],
    [PY, 'python3 -m mcp_server', FIFO],
    [PY, "python3 -c 'x'", FIFO],
    [PY, 'python3 --version', FIFO],
    [PY, 'python3 /dev/stdin', TTY],
    ['/usr/bin/node', 'node server.js', FIFO],
    ['/usr/bin/node', 'node -e x', SOCKET],
    ['/usr/bin/perl', "perl -ne 'print'", FIFO],
    ['/usr/bin/cat', 'cat', FIFO],
    ['/usr/bin/busybox', 'sort', FIFO],
    ['/lib64/ld-linux-x86-64.so.2', 'ld-linux --list /dev/fd/3', FIFO],
  ];
  for (const [exe, line, stdinMode] of fine) {
    t.same(shows(exec(1, exe, line, { stdinMode })), [], line);
  }
  const cut = exec(1, PY, 'python3 -X a', { stdinMode: FIFO, argvTruncated: true });
  t.same(shows(cut), [], 'a script may be among what was not captured');
  const persistent = exec(1, BASH, 'bash', { stdinMode: FIFO });
  t.same(shows(persistent, {}, '/n/@openai/codex/codex'), [`${STDIN} low`]);
  t.same(shows({ ...persistent, stdinMode: REGULAR }, {}, '/n/codex'), [`${STDIN} medium`]);
  t.end();
});

t.test('known agents at work raise nothing', (t) => {
  const claude = '/usr/lib/node_modules/@anthropic-ai/claude-code/claude';
  const codex = '/usr/lib/node_modules/@openai/codex/vendor/x86_64-unknown-linux-musl/codex/codex';
  const node = '/usr/bin/node';
  const chain: [string, string, number][] = [
    [claude, 'claude -p hi', TTY],
    ['/usr/bin/git', 'git ls-files', 0o020666],
    [BASH, 'bash -c env', SOCKET],
    ['/usr/bin/env', 'env', SOCKET],
    [BASH, 'bash -c -l SNAPSHOT_FILE=/h/.claude/shell-snapshots/snapshot-bash-1.sh', SOCKET],
    [BASH, "bash -c 'source /h/.claude/shell-snapshots/snapshot-bash-1.sh && curl x'", 0o020666],
    [claude, 'rg --files', FIFO],
    [node, 'node /usr/bin/codex exec x', FIFO],
    [codex, `${codex} exec x`, FIFO],
    ['/usr/bin/python3.11', '/usr/bin/python3 -Es /usr/bin/lsb_release -a', FIFO],
    ['/usr/bin/git', 'git remote-https origin https://x.example', FIFO],
    ['/usr/lib/git-core/git-remote-http', 'git-remote-https origin x', FIFO],
    [codex, '/proc/self/exe --codex-run-as-process-setup x', FIFO],
    [BASH, "bash -c '__CODEX_SNAPSHOT=1 x'", FIFO],
    [BASH, "bash -lc 'ls'", FIFO],
    [node, 'node /usr/lib/node_modules/@google/gemini-cli/bundle/gemini.js', TTY],
    [node, '/usr/bin/node --max-old-space-size=8192 /usr/lib/g/gemini.js', TTY],
    [BASH, "bash -c 'shopt -u promptvars; ls'", 0o020666],
    [node, 'node --expose-gc /usr/lib/node_modules/@qwen-code/qwen-code/cli.js', TTY],
    ['/usr/bin/systemd-inhibit', 'systemd-inhibit --what=idle sleep infinity', 0o020666],
    ['/n/opencode-linux-x64/bin/opencode', 'opencode run x', TTY],
    ['/usr/bin/dash', "sh -c 'npm run build'", FIFO],
    [node, 'node /usr/bin/npm run build', FIFO],
    [node, 'node /usr/lib/mcp/server.js', FIFO],
  ];
  const kinds: Record<string, ImageFact['kind']> = { [node]: 'node', [BASH]: 'shell' };
  for (const [exe, line, stdinMode] of chain) {
    t.same(
      shows(exec(1, exe, line, { stdinMode }), { kind: kinds[exe] ?? null }, claude),
      [],
      line,
    );
  }
  t.end();
});

t.test('tables are bounded, and say what went', (t) => {
  const disguises = new Disguises();
  for (let i = 0; i < 40_000; i += 1) {
    disguises.exec(exec(i, '/tmp/x', 'x', { file: image(i) }), null);
  }
  const stats = disguises.stats();
  t.match(stats, { processes: 32_768, processesEvicted: 40_000 - 32_768, images: 8192 });
  t.equal(stats.imagesEvicted, 40_000 - 8192);
  const one = new Disguises();
  for (let i = 0; i < 300; i += 1) one.exec(exec(i, '/tmp/x', 'x', { file: image(1) }), null);
  t.equal(one.stats().imagesRefused, 300 - 256);
  for (let i = 0; i < 300; i += 1) one.exit(key(i));
  t.equal(one.stats().processes, 256, 'those that wait stay');
  one.fact(imageFact(image(1)));
  t.equal(one.stats().processes, 0);
  t.end();
});
