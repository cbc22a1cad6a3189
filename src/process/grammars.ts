import type { ProgramKind } from '../event/index.js';

/**
 * How an interpreter reads its arguments, as far as it decides what is run. From the manual pages of each.
 *
 * `value`: the rest of the word, or the next one, is its value. `apart`: the next word is, the cluster goes on.
 * `attached`: only the rest of the word. `digits`: a number may follow, then the cluster goes on.
 * `inline`: its value is the program. `inline_and`: the same, and a script may follow. `command`: the first operand is
 * the program's text (sh -c). `file`: its value is the script. `stdin`: the program comes from standard input.
 * `module`: its value is found by the interpreter itself. `none`: nothing is run. `version`: nothing unless a script is
 * given.
 */
export type Effect =
  | 'flag'
  | 'value'
  | 'apart'
  | 'attached'
  | 'digits'
  | 'inline'
  | 'inline_and'
  | 'command'
  | 'file'
  | 'stdin'
  | 'module'
  | 'none'
  | 'version';

export interface Grammar {
  /** One letter each, in clusters; null: there are no clusters. What is not here is a flag. */
  readonly letters: Readonly<Record<string, Effect>> | null;
  /** Whole words. What is not here is a flag; `--name=value` takes no next word. */
  readonly words: Readonly<Record<string, Effect>>;
  /** A lone `-`: the program comes from standard input, or the options end. */
  readonly dash: 'stdin' | 'end';
  /** Without any program. */
  readonly bare: 'stdin' | 'none';
  /** `+x` is an option, too. */
  readonly plus?: boolean;
  /** First operands that are commands: of these only `run` reads on. */
  readonly commands?: Readonly<Record<string, 'run' | 'inline' | 'stdin' | 'none'>>;
}

const each = <E extends string>(words: string, effect: E): Record<string, E> =>
  Object.fromEntries(words.split(' ').map((word) => [word, effect]));

const python: Grammar = {
  letters: { c: 'inline', m: 'module', ...each('W X Q', 'value'), ...each('h V ?', 'none') },
  words: {
    '--check-hash-based-pycs': 'value',
    ...each('--help --help-all --help-env --help-xoptions --version', 'none'),
  },
  dash: 'stdin',
  bare: 'stdin',
};

const NODE_VALUES =
  '-r --require --import --loader --experimental-loader -C --conditions --env-file ' +
  '--env-file-if-exists --title --icu-data-dir --openssl-config --redirect-warnings --diagnostic-dir ' +
  '--trace-event-categories --dns-result-order --unhandled-rejections --disable-warning ' +
  '--experimental-default-type --input-type --max-http-header-size --test-name-pattern ' +
  '--test-reporter --test-reporter-destination --watch-path --inspect-port --debug-port --tls-keylog';
const node: Grammar = {
  letters: null,
  words: {
    ...each('-e --eval -p --print -pe', 'inline'),
    ...each(NODE_VALUES, 'value'),
    ...each('-h --help -v --version --v8-options --completion-bash --test', 'none'),
    '--run': 'module',
  },
  dash: 'stdin',
  bare: 'stdin',
  commands: each('inspect debug', 'run'),
};

const BUN_OTHER =
  'x install i add a remove rm update audit outdated link unlink publish patch pm info why build init create c ' +
  'upgrade test completions discord getcompletes help';
const bun: Grammar = {
  letters: null,
  words: {
    ...each('-e --eval -p --print', 'inline'),
    ...each(
      '-r --preload --require --import --cwd --env-file -d --define --drop -l --loader --port -u --origin ' +
        '--tsconfig-override --conditions --main-fields --extension-order --shell -F --filter',
      'value',
    ),
    ...each('-v --version --revision -h --help', 'none'),
  },
  dash: 'stdin',
  bare: 'none',
  commands: { run: 'run', exec: 'inline', repl: 'stdin', ...each(BUN_OTHER, 'none') },
};

const DENO_OTHER =
  'add audit approve-scripts bench bundle cache check clean compile completions coverage create deploy doc ' +
  'fmt info init install i jupyter lint lsp outdated publish remove sandbox task test types uninstall update ' +
  'upgrade vendor x help';
const deno: Grammar = {
  letters: null,
  words: {
    ...each('-c --config --import-map --cert --location -L --log-level --seed --ext', 'value'),
    ...each('-h --help -V --version', 'none'),
  },
  dash: 'stdin',
  bare: 'stdin',
  commands: {
    ...each('run serve', 'run'),
    eval: 'inline',
    repl: 'stdin',
    ...each(DENO_OTHER, 'none'),
  },
};

const perl: Grammar = {
  letters: {
    ...each('e E', 'inline'),
    ...each('I M m', 'value'),
    ...each('i x C D d F', 'attached'),
    ...each('l 0', 'digits'),
    ...each('v V h ?', 'none'),
  },
  words: { '--help': 'none', '--version': 'none' },
  dash: 'stdin',
  bare: 'stdin',
};

const ruby: Grammar = {
  letters: {
    e: 'inline',
    ...each('r I C X E', 'value'),
    ...each('F K T W i x', 'attached'),
    '0': 'digits',
    v: 'version',
    h: 'none',
  },
  words: {
    ...each('--encoding --external-encoding --internal-encoding --enable --disable', 'value'),
    ...each('--version --copyright --help', 'none'),
  },
  dash: 'stdin',
  bare: 'stdin',
};

const lua: Grammar = {
  letters: { e: 'inline_and', ...each('l j', 'value'), O: 'attached', v: 'version', b: 'none' },
  words: {},
  dash: 'stdin',
  bare: 'stdin',
};

const php: Grammar = {
  letters: {
    ...each('r B R E', 'inline'),
    ...each('f F', 'file'),
    ...each('c d t z', 'value'),
    ...each('S i m v h l ?', 'none'),
  },
  words: {
    '--run': 'inline',
    '--file': 'file',
    ...each('--docroot --define --php-ini --zend-extension', 'value'),
    ...each('--version --help --info --ini --modules --server --syntax-check', 'none'),
    ...each('--rf --rc --re --rz --ri', 'none'),
  },
  dash: 'stdin',
  bare: 'stdin',
};

const shell: Grammar = {
  letters: { c: 'command', s: 'stdin', ...each('o O', 'apart'), D: 'none' },
  words: {
    // bash(1) takes its long options with one dash as well.
    ...each('--rcfile --init-file -rcfile -init-file --emulate', 'value'),
    ...each('-norc -noprofile -login -posix -noediting -restricted -verbose', 'flag'),
    ...each('--help --version', 'none'),
  },
  dash: 'end',
  bare: 'stdin',
  plus: true,
};

export const fish: Grammar = {
  letters: { c: 'inline', ...each('C d o f D', 'value'), ...each('h v', 'none') },
  words: {
    '--command': 'inline',
    ...each('--init-command --debug --debug-output --features --profile', 'value'),
    ...each('--help --version', 'none'),
  },
  dash: 'stdin',
  bare: 'stdin',
};

const loader: Grammar = {
  letters: null,
  words: {
    ...each(
      '--library-path --inhibit-rpath --audit --preload --argv0 --glibc-hwcaps-prepend --glibc-hwcaps-mask',
      'value',
    ),
    ...each('--list --verify --help --version --list-tunables --list-diagnostics', 'none'),
  },
  dash: 'end',
  bare: 'none',
};

/** `busybox` has none of its own: its first word is the name of another program. */
export const GRAMMARS: Readonly<Record<Exclude<ProgramKind, 'busybox'>, Grammar>> = {
  python,
  node,
  bun,
  deno,
  perl,
  ruby,
  php,
  lua,
  shell,
  loader,
};
