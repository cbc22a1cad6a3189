import t from 'tap';
import { invocationOf, kindOfName, namesKind, programOf } from '../../../src/process/index.js';

/** A command line by words; `'` keeps some together. */
const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

const run = (exe: string, line: string): string | null => programOf(exe, words(line), '/w/d');
const source = (exe: string, line: string): string | null =>
  invocationOf(exe, words(line))?.source ?? null;

const PY = '/usr/bin/python3.11';
const SH = '/usr/bin/dash';
const BASH = '/usr/bin/bash';
const NODE = '/usr/bin/node';
const PERL = '/usr/bin/perl';
const LD = '/usr/lib64/ld-linux-x86-64.so.2';

t.test('the script of each interpreter is found among its options', (t) => {
  const cases: [string, string, string][] = [
    [PY, 'python3 x.py -c y', '/w/d/x.py'],
    [PY, 'python3 -Es /usr/bin/lsb_release -a', '/usr/bin/lsb_release'],
    [PY, 'python3 -W ignore -X utf8 -Xdev ./a/../x.py', '/w/d/x.py'],
    [PY, 'python3 -uWignore x.py', '/w/d/x.py'],
    [PY, 'python3 --check-hash-based-pycs always x.py', '/w/d/x.py'],
    [PY, 'python3 -i x.py', '/w/d/x.py'],
    [PY, 'python3 -- -x.py', '/w/d/-x.py'],
    [SH, 'sh -e ../run', '/w/run'],
    [SH, '/bin/sh /opt//app/run.sh -c x', '/opt/app/run.sh'],
    [SH, 'sh - run', '/w/d/run'],
    [BASH, 'bash --rcfile rc --norc -eo pipefail +x script arg', '/w/d/script'],
    [BASH, 'bash -O extglob -- script', '/w/d/script'],
    [BASH, 'bash -norc script', '/w/d/script'],
    [BASH, '-bash script', '/w/d/script'],
    [NODE, 'node --max-old-space-size=4096 /g/gemini.js -p hi', '/g/gemini.js'],
    [NODE, 'node -r ./hook.js --import=x cli.js', '/w/d/cli.js'],
    [NODE, 'node --expose-gc cli.js', '/w/d/cli.js'],
    [NODE, 'node inspect a.js', '/w/d/a.js'],
    [NODE, 'node -- -a.js', '/w/d/-a.js'],
    ['/usr/bin/bun', 'bun run --watch src/i.ts', '/w/d/src/i.ts'],
    ['/usr/bin/bun', 'bun i.ts', '/w/d/i.ts'],
    ['/usr/bin/deno', 'deno run -A --config d.json m.ts', '/w/d/m.ts'],
    ['/usr/bin/deno', 'deno run https://x.example/m.ts', 'https://x.example/m.ts'],
    [PERL, 'perl -w -Ilib -I inc -Mstrict x.pl', '/w/d/x.pl'],
    [PERL, 'perl -pi.bak x.pl', '/w/d/x.pl'],
    [PERL, 'perl -0777n x.pl', '/w/d/x.pl'],
    ['/usr/bin/ruby3.1', 'ruby -rjson -W0 x.rb', '/w/d/x.rb'],
    ['/usr/bin/ruby3.1', 'ruby -v x.rb', '/w/d/x.rb'],
    ['/usr/bin/php8.2', 'php -d a=b -f x.php', '/w/d/x.php'],
    ['/usr/bin/php8.2', 'php -n x.php', '/w/d/x.php'],
    ['/usr/bin/lua5.4', 'lua -e x=1 -l m x.lua', '/w/d/x.lua'],
    ['/usr/bin/busybox', 'sh x', '/w/d/x'],
    ['/usr/bin/busybox', 'busybox ash -e x', '/w/d/x'],
    [LD, `${LD} ./prog -x`, '/w/d/prog'],
    [LD, `${LD} --library-path /l --argv0 nginx --preload ./p.so /opt/prog`, '/opt/prog'],
    ['/lib/ld-musl-x86_64.so.1', 'ld-musl --library-path=/l -- prog', '/w/d/prog'],
    ['/usr/bin/fish', 'fish -C x script', '/w/d/script'],
    [PY, 'python3 /dev/fd/63', '/dev/fd/63'],
  ];
  for (const [exe, line, expected] of cases) t.equal(run(exe, line), expected, `${exe}: ${line}`);
  t.end();
});

t.test('without a named script there is no program, and the source says why', (t) => {
  const cases: [string, string, string | null][] = [
    [PY, 'python3', 'stdin'],
    [PY, 'python3 -', 'stdin'],
    [PY, 'python3 -u - a b', 'stdin'],
    [PY, 'python3 -i', 'stdin'],
    [PY, "python3 -c 'x' y", 'inline'],
    [PY, 'python3 -uc x', 'inline'],
    [PY, 'python3 -m http.server 80', 'inline'],
    [PY, 'python3 -mvenv x', 'inline'],
    [PY, 'python3 -V', 'none'],
    [PY, 'python3 --version', 'none'],
    [SH, 'sh', 'stdin'],
    [SH, 'sh -s -- a b', 'stdin'],
    [SH, 'sh -x', 'stdin'],
    [SH, 'sh -', 'stdin'],
    [SH, "sh -c 'x' sh a", 'inline'],
    [BASH, 'bash -lc x', 'inline'],
    [BASH, 'bash -c -l SNAPSHOT_FILE=/x', 'inline'],
    [BASH, 'bash -eo pipefail -c x', 'inline'],
    [BASH, 'bash -sc x', 'inline'],
    [BASH, 'bash -s x', 'stdin'],
    [BASH, 'bash -i', 'stdin'],
    [BASH, 'bash --version', 'none'],
    [NODE, 'node', 'stdin'],
    [NODE, 'node -', 'stdin'],
    [NODE, 'node -i', 'stdin'],
    [NODE, 'node -e x y', 'inline'],
    [NODE, 'node --eval=x', 'inline'],
    [NODE, 'node -pe x', 'inline'],
    [NODE, 'node --run build', 'inline'],
    [NODE, 'node --test x.js', 'none'],
    [NODE, 'node -v', 'none'],
    ['/b/bun', 'bun', 'none'],
    ['/b/bun', 'bun -', 'stdin'],
    ['/b/bun', 'bun run -', 'stdin'],
    ['/b/bun', 'bunx cowsay', 'none'],
    ['/b/bun', 'bun install x', 'none'],
    ['/b/bun', 'bun -e x', 'inline'],
    ['/b/deno', 'deno', 'stdin'],
    ['/b/deno', 'deno run -', 'stdin'],
    ['/b/deno', 'deno eval x', 'inline'],
    ['/b/deno', 'deno test', 'none'],
    [PERL, 'perl', 'stdin'],
    [PERL, 'perl - a', 'stdin'],
    [PERL, "perl -lane 'print' f", 'inline'],
    [PERL, 'perl -pi -e x f', 'inline'],
    [PERL, 'perl -Mstrict -E x', 'inline'],
    [PERL, 'perl -v', 'none'],
    ['/b/ruby', 'ruby', 'stdin'],
    ['/b/ruby', 'ruby -rjson -e x', 'inline'],
    ['/b/ruby', 'ruby -v', 'none'],
    ['/b/php', 'php', 'stdin'],
    ['/b/php', 'php -r x', 'inline'],
    ['/b/php', 'php -S 127.0.0.1:80', 'none'],
    ['/b/lua', 'lua -', 'stdin'],
    ['/b/lua', 'lua -e x', 'inline'],
    ['/b/lua', 'lua -v', 'none'],
    ['/b/busybox', 'busybox', 'none'],
    ['/b/busybox', 'ls x', 'none'],
    ['/b/busybox', '-sh', 'stdin'],
    ['/b/busybox', 'busybox sh', 'stdin'],
    [LD, LD, 'none'],
    [LD, `${LD} --verify /bin/ls`, 'none'],
    [LD, `${LD} --list /bin/ls`, 'none'],
    ['/usr/bin/cat', 'cat x', null],
    ['/usr/sbin/php-fpm8.2', 'php-fpm', null],
    ['/usr/bin/env', 'env python3 x', null],
  ];
  for (const [exe, line, expected] of cases) {
    t.equal(source(exe, line), expected, `${exe}: ${line}`);
    t.equal(run(exe, line), null, `no program: ${line}`);
  }
  t.end();
});

t.test('paths are resolved as text, and odd command lines are nothing special', (t) => {
  t.equal(programOf(PY, ['python3', 'a/./b/../../../x'], '/w/d'), '/w/x');
  t.equal(programOf(PY, ['python3', '../../../../x'], '/w/d'), '/x');
  t.equal(programOf(PY, ['python3', '../x/./y'], ''), '../x/y', 'no directory is known');
  t.equal(programOf(PY, ['python3', ''], '/w'), null);
  t.equal(programOf(PY, [], '/w'), null);
  for (const odd of ['__proto__', '--constructor', '-toString', '-__proto__', '+', '-', '--']) {
    for (const exe of [PY, SH, NODE, PERL, LD, '/b/bun', '/b/deno', '/b/lua', '/b/busybox']) {
      t.doesNotThrow(() => programOf(exe, ['x', odd, odd, 'y'], '/'), `${exe} ${odd}`);
    }
  }
  t.equal(source(NODE, 'node __proto__'), 'file');
  const long = Array<string>(100_000).fill('-x');
  t.equal(programOf(SH, ['sh', ...long, 'end'], '/'), '/end');
  t.equal(kindOfName('-'.repeat(100_000)), null);
  t.equal(kindOfName(`python${'.x86_64-linux-gnu'.repeat(5000)}!`), null);
  t.end();
});

t.test('names of interpreters are known with version and packaging, and only those', (t) => {
  const cases: [string, string | null][] = [
    ['python', 'python'],
    ['python3.11', 'python'],
    ['python3.11-venv', 'python'],
    ['python3.13t', 'python'],
    ['x86_64-linux-gnu-python3.11-config', null],
    ['pypy3.10', 'python'],
    ['.python3.11-wrapped', 'python'],
    ['perl5.36-x86_64-linux-gnu', 'perl'],
    ['perl5.36.0', 'perl'],
    ['-bash', 'shell'],
    ['bash-static', 'shell'],
    ['ksh93', 'shell'],
    ['busybox.static', 'busybox'],
    ['node', 'node'],
    ['node-20', 'node'],
    ['node20.11.1', 'node'],
    ['node-gyp', null],
    ['python3-config', null],
    ['php-fpm8.2', null],
    ['sh.sh', null],
    ['run.py', null],
    ['sshd', null],
    ['ld-linux-x86-64.so.2', 'loader'],
    ['ld-2.31.so', 'loader'],
    ['ld-musl-x86_64.so.1', 'loader'],
    ['ld', null],
    ['ld.gold', null],
    ['nginx', null],
    ['', null],
  ];
  for (const [name, kind] of cases) t.equal(kindOfName(name), kind, name);
  t.ok(namesKind('x86_64-linux-gnu-python3.11', 'python'));
  t.ok(namesKind('frankenphp', 'php'));
  t.notOk(namesKind('nginx', 'python'));
  t.notOk(namesKind('sshd', 'shell'), 'no part of a word');
  t.notOk(namesKind('deploy.sh', 'shell'), 'the ending of a script is no name');
  t.end();
});
