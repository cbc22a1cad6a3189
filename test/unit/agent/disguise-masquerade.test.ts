import t from 'tap';
import { Disguises } from '../../../src/agent/index.js';
import { originAt } from '../../helpers/events.js';
import { exec, image, imageFact, key, look, rename, shows, told, words } from './disguise-kit.js';

const PY = '/usr/bin/python3.11';
const NODE = '/usr/bin/node';
const BASH = '/usr/bin/bash';
const CLAUDE = '/usr/lib/node_modules/@anthropic-ai/claude-code/claude';
const LD = '/usr/lib64/ld-linux-x86-64.so.2';
const ARGV0 = 'agent.masquerade/argv0';
const IMAGE = 'agent.masquerade/image';

t.test('a file that holds an interpreter or agent and is called otherwise', (t) => {
  const twin = '/usr/bin/python3.11';
  t.same(shows(exec(1, '/tmp/nginx', './nginx x'), { kind: 'python', twin }), [`${IMAGE} high`]);
  t.same(shows(exec(1, '/tmp/a', './a x'), { kind: 'node' }), [`${IMAGE} medium`]);
  t.same(shows(exec(1, '/tmp/python3', 'python3 x'), { kind: 'shell' }), [`${IMAGE} medium`]);
  t.same(shows(exec(1, '/tmp/x/deploy.sh', 'deploy.sh'), { kind: 'shell' }), [`${IMAGE} medium`]);
  const codex = '/opt/bin/codex';
  t.same(shows(exec(1, '/tmp/sshd', 'sshd'), { twin: codex }), [`${IMAGE} high`]);
  t.same(shows(exec(1, '/tmp/nginx', 'sh -c x'), { kind: 'busybox' }), [`${IMAGE} medium`]);
  t.same(shows(exec(1, '/tmp/libfoo', 'libfoo ./x'), { kind: 'loader' }), [`${IMAGE} medium`]);
  t.end();
});

t.test('versions, suffixes, links, applets and embedded interpreters are no disguise', (t) => {
  const fine: [string, string, Parameters<typeof shows>[1]][] = [
    [PY, 'python3 x.py', { kind: 'python' }],
    ['/opt/v/bin/python3.11-venv', 'python x', { kind: 'python', twin: PY }],
    ['/n/.python3.11-wrapped', '/n/python3 x', { kind: 'python', twin: PY }],
    ['/usr/bin/x86_64-linux-gnu-python3.11', 'python3 x', { kind: 'python' }],
    ['/usr/bin/perl5.36.0', 'perl x', { kind: 'perl', twin: '/usr/bin/perl' }],
    ['/chroot/bin/sh', 'sh x', { kind: 'shell', twin: '/usr/bin/dash' }],
    ['/usr/bin/ls', 'ls', { kind: 'busybox', twin: '/usr/bin/busybox' }],
    ['/bin/sh', '-sh', { kind: 'busybox', twin: '/usr/bin/busybox' }],
    ['/usr/bin/busybox', 'sh x', { kind: 'busybox' }],
    ['/lib/libc.so', 'libc.so', { kind: 'loader' }],
    ['/usr/bin/ld.so', 'ld.so --list x', { kind: 'loader', twin: LD }],
    ['/usr/bin/uwsgi', 'uwsgi', { kind: 'python' }],
    ['/usr/bin/frankenphp', 'frankenphp', { kind: 'php' }],
    ['/h/.local/share/claude/versions/2.1.9', 'claude', { twin: '/usr/local/bin/claude' }],
    ['/usr/bin/cat', 'cat', {}],
    ['/tmp/app', './app', { gone: true, kind: 'python' }],
  ];
  for (const [exe, line, fact] of fine) t.same(shows(exec(1, exe, line), fact), [], exe);
  t.end();
});

t.test('an image is asked about once, and judged for each process and name that runs it', (t) => {
  const disguises = new Disguises();
  const file = image(7);
  const first = disguises.exec(exec(1, '/tmp/a', 'a', { file }), null);
  t.same(first.commands, [
    { do: 'look_up_image', image: file, path: '/tmp/a', through: key(1), sha256: false },
  ]);
  t.same(disguises.exec(exec(2, '/tmp/b', 'b', { file }), null).commands, [], 'on its way');
  disguises.exit(key(1));
  const { observations } = disguises.fact(imageFact(file, { kind: 'perl' }));
  t.same(
    observations.map(({ key: { tgid }, origin }) => [tgid, origin.ring]),
    [
      [1, 'lifecycle'],
      [2, 'lifecycle'],
    ],
    'also of one that ended meanwhile',
  );
  const third = disguises.exec(exec(3, '/tmp/c', 'c', { file }), null);
  t.same([told(third), third.commands], [[`${IMAGE} medium`], []]);
  t.same(told(disguises.exec(exec(4, '/usr/bin/perl', 'perl', { file, stdinMode: 0 }), null)), []);
  t.same(disguises.imageOf(key(3)), file);
  t.equal(disguises.imageOf(key(1)), null);
  t.end();
});

t.test('argv[0] that claims another program', (t) => {
  const cases: [string, string, string][] = [
    [PY, 'nginx -m http.server', 'high'],
    [PY, '/usr/sbin/sshd -D x', 'high'],
    [PY, 'myservice x.py', 'medium'],
    [PY, './gitk x.py', 'medium'],
    [NODE, '[kworker/0:1] x.js', 'high'],
    [BASH, "'[kworker/u8:2]' -c x", 'high'],
    [BASH, 'kthreadd -c x', 'high'],
    [BASH, 'systemd-journald -c x', 'high'],
    ['/tmp/miner', '[kworker/0:0]', 'high'],
    ['/tmp/miner', '[anything]', 'high'],
    [CLAUDE, 'sshd', 'high'],
  ];
  for (const [exe, line, severity] of cases) {
    t.same(shows(exec(1, exe, line)), [`${ARGV0} ${severity}`], line);
  }
  t.end();
});

t.test('links, login shells, scripts and tools built into agents are no claim', (t) => {
  const fine: [string, string][] = [
    [PY, 'python x.py'],
    [PY, '/home/a/venv/bin/python3 -m x'],
    [PY, '/usr/bin/python3 /usr/bin/lsb_release -a'],
    [PY, 'lsb_release /usr/bin/lsb_release'],
    ['/usr/bin/dash', 'sh -c x'],
    [BASH, '-bash -c x'],
    [BASH, 'rbash -c x'],
    [BASH, '-su -c x'],
    [BASH, '-/bin/bash -c x'],
    [NODE, 'nodejs x.js'],
    [NODE, 'npm x.js'],
    [NODE, 'gemini x.js'],
    [NODE, 'prettier /p/node_modules/prettier/bin/prettier.cjs'],
    ['/usr/bin/perl', '/usr/bin/perl5.36 x'],
    ['/usr/bin/ruby3.1', 'ruby x'],
    ['/bin/busybox', 'crond -f'],
    [CLAUDE, 'rg --files'],
    [CLAUDE, 'ugrep x'],
    ['/h/.local/share/claude/versions/2.1.9', 'claude'],
    ['/n/node_modules/@openai/codex/vendor/codex', 'apply_patch x'],
    ['/n/node_modules/@openai/codex/vendor/codex', 'codex-linux-sandbox x'],
    ['/usr/lib/systemd/systemd', '/sbin/init'],
    ['/usr/sbin/apache2', 'httpd'],
    ['/usr/bin/git', 'anything'],
    ['/usr/bin/test', '[ -f x ]'],
  ];
  for (const [exe, line] of fine) t.same(shows(exec(1, exe, line)), [], line);
  t.same(shows(exec(1, PY, '', { argv: [] })), [], 'no argv');
  t.same(shows(exec(1, PY, '', { argv: ['', 'x'] })), [], 'an empty argv[0]');
  t.end();
});

t.test('a process that calls itself a system program which it is not', (t) => {
  const renamed = (exe: string, line: string, to: string): string[] => {
    const disguises = new Disguises();
    disguises.exec(exec(1, exe, line), null);
    return told(disguises.rename(rename(1, to)));
  };
  const COMM = ['agent.masquerade/comm high'];
  t.same(renamed(PY, 'python3 x.py', 'sshd'), COMM);
  t.same(renamed(PY, 'python3 x.py', 'kworker/0:1'), COMM);
  t.same(renamed(NODE, 'node x.js', 'systemd-journal'), COMM, 'as long as comm');
  t.same(renamed('/tmp/miner', 'miner', '[kthreadd]'), COMM);
  const fine: [string, string, string][] = [
    [NODE, 'node gemini.js', 'gemini'],
    [NODE, 'node npm-cli.js', 'npm install'],
    [PY, 'python3 worker.py', 'worker 3'],
    [PY, 'python3 worker.py', 'my-nginx'],
    [PY, 'python3 worker.py', '[celeryd: celery@host]'],
    [PY, 'python3 worker.py', 'master'],
    [PY, 'python3 worker.py', 'migrations'],
    [PY, 'python3 /usr/sbin/firewalld', 'firewalld'],
    ['/usr/sbin/sshd', 'sshd', 'sshd'],
    ['/usr/sbin/nginx', 'nginx', 'nginx: worker'],
    ['/usr/lib/systemd/systemd-executor', 'x', 'systemd'],
  ];
  for (const [exe, line, to] of fine) t.same(renamed(exe, line, to), [], to);
  const disguises = new Disguises();
  disguises.exec(exec(1, PY, 'python3 x'), null);
  const first = disguises.rename(rename(1, 'sshd'));
  t.equal(first.observations[0]?.origin.bootNs, 77n, 'by the record of the rename');
  t.same(told(disguises.rename(rename(1, 'cron'))), [], 'once for a process');
  t.end();
});

t.test('a forked process that renames itself is asked what it runs', (t) => {
  const ask = (exe: string): string[] => {
    const disguises = new Disguises();
    const { commands, observations } = disguises.rename(rename(5, 'cron'));
    t.same(commands, [{ do: 'look_up_process', key: key(5), env: [] }]);
    t.same(observations, []);
    return told(disguises.fact(look(5, { exe, comm: 'innocent' })));
  };
  t.same(ask(PY), ['agent.masquerade/comm high']);
  t.same(ask('/usr/sbin/cron'), []);
  t.same(new Disguises().rename(rename(5, 'worker')).commands, [], 'its own business');
  const ended = new Disguises();
  ended.rename(rename(5, 'cron'));
  ended.exit(key(5));
  t.same(told(ended.fact(look(5, { exe: PY }))), ['agent.masquerade/comm high'], 'seen in time');
  t.equal(ended.stats().processes, 0, 'and forgotten then');
  const gone = new Disguises();
  gone.rename(rename(5, 'cron'));
  t.same(told(gone.fact(look(5, { gone: true }))), []);
  t.end();
});

t.test('at its first flow a process is looked at, once', (t) => {
  const disguises = new Disguises();
  const file = image(1);
  disguises.exec(exec(1, PY, 'python3 x.py'), null);
  const asked = { do: 'look_up_process', key: key(1), env: [], ranAt: PY };
  t.same(disguises.flow(key(1)).commands, [asked]);
  t.same(disguises.flow(key(1)).commands, []);
  t.same(disguises.flow(key(2)).commands, [], 'nobody it knows');
  const argv = ['nginx: master process', '', ''];
  const title = disguises.fact(look(1, { exe: PY, file, argv, comm: 'python3' }));
  t.same(told(title), ['agent.masquerade/title high']);
  t.same(told(disguises.fact(look(1, { exe: PY, file, argv: ['sshd'] }))), [], 'nobody asked');

  const at = (seen: Parameters<typeof look>[1], exe = NODE, line = 'node gemini.js'): string[] => {
    const one = new Disguises();
    one.exec(exec(1, exe, line), null);
    one.flow(key(1));
    return told(one.fact(look(1, { exe, file, ...seen })));
  };
  t.same(at({ argv: ['gemini', '', ''], comm: 'gemini' }), [], 'process.title');
  t.same(at({ argv: ['node', 'gemini.js'], comm: 'MainThread' }), []);
  t.same(at({ argv: ['node', 'gemini.js'], comm: 'crond' }), ['agent.masquerade/comm high']);
  t.same(at({ argv: ['[kworker/1:0]'], comm: 'node' }), ['agent.masquerade/title high']);
  t.same(at({ argv: ['sshd: a@pts/0'], comm: 'sshd' }, '/usr/sbin/sshd', 'sshd'), []);
  t.end();
});

t.test(
  'what the kernel says of the file or arguments is believed changed only at the second look',
  (t) => {
    const SECOND = 1_000_000_000n;
    /** Nobody has lived for a second yet. */
    const late = { origin: originAt(10n * SECOND) };
    const scene = (seen: Parameters<typeof look>[1]) => {
      const disguises = new Disguises();
      disguises.exec(exec(1, PY, 'python3 x.py', late), null);
      disguises.flow(key(1));
      t.same(told(disguises.fact(look(1, seen))), [], 'an exec may be on its way');
      t.same(disguises.tick(SECOND).commands, []);
      return { disguises, again: () => disguises.tick(2n * SECOND) };
    };
    const file = image(9);
    const moved = { exe: '/usr/sbin/nginx', file, argv: ['python3', 'x.py'], comm: 'python3' };
    const one = scene(moved);
    t.match(one.again().commands, [{ do: 'look_up_process', key: key(1), ranAt: PY }]);
    const { observations } = one.disguises.fact(look(1, moved));
    t.match(observations, [{ way: 'file', severity: 'high', needsEveryExec: true }]);
    t.equal(one.disguises.stats().doubts, 0);

    const raced = scene(moved);
    raced.disguises.exec(exec(1, '/usr/sbin/nginx', 'nginx', { ...late, file }), null);
    t.same(raced.again().commands, [], 'an exec explains it');

    const passed = scene(moved);
    passed.again();
    t.same(told(passed.disguises.fact(look(1, { ...moved, file: image(1), exe: PY }))), []);
    t.equal(passed.disguises.stats().doubts, 0);

    const fake = { exe: PY, file: image(1), argv: words('backupd --daily /srv'), comm: 'python3' };
    const line = scene(fake);
    line.again();
    t.same(told(line.disguises.fact(look(1, fake))), ['agent.masquerade/command_line medium']);

    const still = { ...image(1), changedNs: 5n };
    const linked = new Disguises();
    linked.exec(exec(1, PY, 'python3 x.py'), null);
    linked.flow(key(1));
    linked.fact(look(1, { exe: PY, file: still, argv: ['python3', 'x.py'] }));
    linked.fact(look(1, { exe: PY, file: { ...image(1), dev: 99n }, argv: ['python3', 'x.py'] }));
    t.equal(linked.stats().doubts, 0, 'a link more, or another device number, is the same file');
    const ended = scene(moved);
    ended.disguises.exit(key(1));
    t.same(ended.again().commands, []);
    t.end();
  },
);

t.test('a program started through the dynamic linker is named', (t) => {
  const way = 'agent.masquerade/loader low';
  t.same(shows(exec(1, LD, 'ld-linux ./prog -x')), [way]);
  const event = exec(1, LD, `${LD} --argv0 nginx /tmp/prog`);
  const { observations } = new Disguises().exec(event, null);
  t.match(observations, [
    {
      summary: 'prog was started through the dynamic linker',
      evidence: [`the executed file is ${LD}`, 'the program is /tmp/prog', /given as nginx/],
    },
  ]);
  t.same(shows(exec(1, LD, LD)), [], 'ldd asks whether it is there');
  t.same(shows(exec(1, LD, `${LD} --verify /bin/ls`)), [], 'ldd');
  t.same(shows(exec(1, LD, `${LD} /lib/libm.so.6`)), [], 'ldd of a library');
  t.same(shows(exec(1, '/usr/bin/ls', 'ls')), []);
  t.end();
});
