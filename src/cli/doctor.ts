import type { Command } from 'commander';
import type { LoadedConfig } from '../config/index.js';
import { findTool, readPlatform } from '../host/index.js';
import type { Platform } from '../host/index.js';
import { escapeText } from '../present/index.js';
import { missingSensors } from '../telemetry/index.js';
import { EXIT } from './exit.js';
import type { ExitCode } from './exit.js';
import { loadCommon, outputOption, subcommand } from './options.js';
import type { CommonOptions, OutputFormat } from './options.js';
import type { Terminal } from './output.js';
import type { Services } from './services.js';

interface DoctorOptions extends CommonOptions {
  readonly unpin?: true;
  readonly output: OutputFormat;
}

/** `warn`: watchfloor runs without it and says what is missing. */
type Verdict = 'ok' | 'warn' | 'fail';

interface Check {
  readonly check: string;
  readonly verdict: Verdict;
  readonly detail: string;
  /** Empty when there is nothing to do. */
  readonly remedy: string;
}

export const doctorCommand = (
  terminal: Terminal,
  services: Services,
  done: (code: ExitCode) => void,
): Command =>
  subcommand(
    'doctor',
    'check this machine, and use every sensor once for real; exit 1 when something fails',
    [
      'watchfloor doctor                               # as root',
      'watchfloor doctor --unpin                       # when no daemon is to follow a killed one',
      'watchfloor doctor -o json',
    ],
  )
    .option('--unpin', 'end what a daemon that was killed left running in the kernel')
    .addOption(outputOption())
    .action(async (options: DoctorOptions) => {
      const loaded = loadCommon(options);
      const checks: Check[] = [];
      for await (const check of examine(loaded, services, options.unpin === true)) {
        checks.push(check);
        if (options.output === 'pretty') await terminal.out.line(pretty(check));
      }
      if (options.output === 'json') await terminal.out.line(JSON.stringify(checks));
      done(checks.some(({ verdict }) => verdict === 'fail') ? EXIT.negative : EXIT.ok);
    });

async function* examine(
  loaded: LoadedConfig,
  services: Services,
  unpin: boolean,
): AsyncGenerator<Check> {
  const platform = readPlatform();
  const machine = machineChecks(platform);
  yield* machine;
  yield* toolChecks();
  yield await pinCheck(loaded, services, unpin);
  const blocking = machine.find(({ verdict }) => verdict === 'fail');
  if (blocking === undefined) yield* sensorChecks(loaded, services);
  else yield check('sensors', 'fail', `not tried: ${blocking.check} fails`, blocking.remedy);
}

const check = (name: string, verdict: Verdict, detail: string, remedy = ''): Check => ({
  check: name,
  verdict,
  detail,
  remedy,
});

const WANTED = ['CAP_BPF', 'CAP_PERFMON', 'CAP_NET_ADMIN', 'CAP_SYS_PTRACE', 'CAP_DAC_READ_SEARCH'];

const machineChecks = ({ kernel, btf, cgroup, capabilities }: Platform): Check[] => {
  const missing = WANTED.filter((name) => !capabilities.includes(name));
  return [
    isKernelKnown(kernel)
      ? check('kernel', 'ok', kernel)
      : check('kernel', 'fail', `${kernel} is older than 5.10`, 'boot Linux 5.10 or newer'),
    btf
      ? check('btf', 'ok', '/sys/kernel/btf/vmlinux')
      : check(
          'btf',
          'fail',
          'the kernel does not describe its types',
          'boot a kernel built with CONFIG_DEBUG_INFO_BTF=y',
        ),
    missing.length === 0
      ? check('capabilities', 'ok', capabilities.join(' '))
      : check('capabilities', 'fail', `missing: ${missing.join(' ')}`, 'run it as root'),
    cgroup === null
      ? check(
          'cgroup',
          'warn',
          'cgroup version 2 is not mounted: no network and wire sensors',
          'run: mount -t cgroup2 none /sys/fs/cgroup/unified (after mkdir)',
        )
      : check('cgroup', 'ok', `version 2 at ${cgroup}`),
  ];
};

const isKernelKnown = (release: string): boolean => {
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  return major > 5 || (major === 5 && minor >= 10);
};

/** Needed to build from source, and by the tls check below. */
const TOOLS = [
  { name: 'openssl', remedy: 'apt install openssl, for the tls check' },
  { name: 'clang', remedy: 'apt install clang, to build from source' },
  {
    name: 'bpftool',
    remedy: 'apt install bpftool (Ubuntu: linux-tools-generic), to build from source',
  },
  { name: 'cmake', remedy: 'apt install cmake, to build from source' },
] as const;

const toolChecks = (): Check[] =>
  TOOLS.map(({ name, remedy }) => {
    const path = findTool(name);
    return path === null
      ? check(`tool ${name}`, 'warn', 'not installed', remedy)
      : check(`tool ${name}`, 'ok', path);
  });

const pinCheck = async (
  loaded: LoadedConfig,
  services: Services,
  unpin: boolean,
): Promise<Check> => {
  const { pin_dir: path } = loaded.config;
  try {
    switch (await services.leftPins(loaded, unpin)) {
      case 'none':
        return check('pins', 'ok', `${path} is empty`);
      case 'used':
        return check('pins', 'ok', `${path} is in use, or not ours to look into`);
      case 'removed':
        return check('pins', 'ok', `${path} held what a killed daemon had left: it is ended now`);
      case 'left': {
        const remedy = 'start the daemon, which takes it over, or run: watchfloor doctor --unpin';
        return check('pins', 'warn', `${path} holds what a killed daemon left running`, remedy);
      }
    }
  } catch (error) {
    return check('pins', 'warn', (error as Error).message, 'run it as root');
  }
};

const LOG_REMEDY = 'read what the kernel said: watchfloor run --log-level debug';

async function* sensorChecks(loaded: LoadedConfig, services: Services): AsyncGenerator<Check> {
  try {
    const { programs, families } = await services.exercise(loaded);
    const missing = missingSensors(programs);
    yield check('addon', 'ok', `${programs.length} programs`);
    for (const line of missing) yield check('program', 'warn', line, LOG_REMEDY);
    for (const { family, observed, detail } of families) {
      yield observed
        ? check(`sensor ${family}`, 'ok', `observed: ${detail}`)
        : check(`sensor ${family}`, 'fail', `not observed: ${detail}`, LOG_REMEDY);
    }
  } catch (error) {
    const { message, remedy = LOG_REMEDY } = error as Error & { remedy?: string };
    yield check('addon', 'fail', message, remedy);
  }
}

const MARK: Readonly<Record<Verdict, string>> = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' };

const pretty = ({ check: name, verdict, detail, remedy }: Check): string => {
  const line = `${MARK[verdict]}  ${name.padEnd(16)} ${escapeText(detail)}`;
  return remedy === '' ? line : `${line}\n      ${' '.repeat(16)} ${remedy}`;
};
