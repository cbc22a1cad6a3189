import type { ExecEvent } from '../../event/index.js';

/** What an agent asked for that somebody else may carry out. */
export interface Request {
  /** Path of the socket, or the command that asks. */
  readonly via: string;
  /** Names of the programs that do such work; empty: whoever listens does. */
  readonly names: readonly string[];
  /** Only those of them that run as one of these users; null: any. */
  readonly relayUids: readonly number[] | null;
  /** Only what then runs as this user; null: any. */
  readonly childUid: number | null;
  /** How long what is forked may have come from it. */
  readonly windowNs: bigint;
}

/** A service manager or container engine starts what it was asked for in well under that. */
const AT_ONCE_NS = 10_000_000_000n;
/** cron and at look once a minute. */
const NEXT_MINUTE_NS = 70_000_000_000n;

const SYSTEMD = ['systemd'];
/** Message buses start services themselves, or have systemd do it. */
const BUS = ['systemd', 'dbus-daemon', 'dbus-broker-launch'];
/** Engines, and the monitors that are the parents of what runs in a container (`docker exec` too). */
const CONTAINERS = [
  'dockerd',
  'containerd',
  'containerd-shim',
  'containerd-shim-runc-v1',
  'containerd-shim-runc-v2',
  'conmon',
  'conmonrs',
  'crio',
  'podman',
  'buildkitd',
];
const CRON = ['cron', 'crond', 'fcron', 'anacron'];
const AT = ['atd'];

const ROOT = 0;

/** Sockets of programs that start others on request; see the manual of each. `uid`: part of the path. */
const SOCKETS: readonly { readonly path: RegExp; readonly names: readonly string[] }[] = [
  // systemctl speaks to this one as root, and over the bus otherwise.
  { path: /^\/run\/systemd\/(private|io\.systemd\.Manager|system\/.*)$/, names: SYSTEMD },
  { path: /^\/run\/user\/(\d{1,10})\/systemd\/(private|io\.systemd\.Manager)$/, names: SYSTEMD },
  { path: /^\/run\/dbus\/system_bus_socket$/, names: BUS },
  { path: /^\/run\/user\/(\d{1,10})\/bus$/, names: BUS },
  { path: /^@\/tmp\/dbus-[^/]+$/, names: BUS },
  { path: /^\/run\/user\/(\d{1,10})\/(docker|podman\/podman)\.sock$/, names: CONTAINERS },
  { path: /\/(docker|containerd|crio|podman|buildkitd|cri-dockerd)\.sock$/, names: CONTAINERS },
];

/** What listens under any name, such as in a container, and has others do the work. */
const ENGINE = /\/(dockerd|containerd|crio|podman|buildkitd|cri-dockerd)$/;

const SYSTEMCTL_STARTS =
  /^(start|restart|try-restart|reload-or-restart|try-reload-or-restart|reload|enable|reenable|link|isolate|preset|default)$/;

/** Commands that ask, and by what arguments one does: most of them can also just list. */
const COMMANDS: Readonly<Record<string, (argv: readonly string[]) => readonly string[] | null>> = {
  crontab: unless(/^-([lr]|-list|-remove)$/, CRON),
  at: unless(/^-[lrdc]$/, AT),
  batch: () => AT,
  'systemd-run': () => SYSTEMD,
  run0: () => SYSTEMD,
  systemctl: when(SYSTEMCTL_STARTS, SYSTEMD),
  loginctl: when(/^enable-linger$/, SYSTEMD),
  machinectl: () => SYSTEMD,
  busctl: () => BUS,
  'dbus-send': () => BUS,
  gdbus: () => BUS,
  docker: () => CONTAINERS,
  nerdctl: () => CONTAINERS,
  ctr: () => CONTAINERS,
  crictl: () => CONTAINERS,
};

/** A program that is started from elsewhere was asked for by one of these. null: this asks nobody. */
export function requestOfExec({ path, argv, uid }: ExecEvent): Request | null {
  const { name, rest } = commandOf(path, argv);
  const names = Object.hasOwn(COMMANDS, name) ? (COMMANDS[name]?.(rest) ?? null) : null;
  if (names === null) return null;
  const scheduled = names === CRON || names === AT;
  // root may schedule for anybody, and its managers may be anybody's.
  const forOthers = uid === ROOT && (!scheduled || rest.includes('-u'));
  return {
    via: name,
    names,
    relayUids: scheduled || forOthers || names === CONTAINERS ? null : [ROOT, uid],
    childUid: scheduled && !forOthers ? uid : null,
    windowNs: scheduled ? NEXT_MINUTE_NS : AT_ONCE_NS,
  };
}

/** `path` as a UnixOpenEvent has it. */
export function requestOfSocket(path: string): Request {
  const plain = plainPath(path);
  const base = { via: path, relayUids: null, childUid: null, windowNs: AT_ONCE_NS };
  for (const known of SOCKETS) {
    const found = known.path.exec(plain);
    if (found === null) continue;
    const { names } = known;
    const uid = /^\d+$/.test(found[1] ?? '') ? Number(found[1]) : ROOT;
    return { ...base, names, relayUids: names === CONTAINERS ? null : [uid] };
  }
  return { ...base, names: [] };
}

/** Who else does the work of a listener, whatever its socket is called. */
export function workersOf(exe: string): readonly string[] {
  return ENGINE.test(exe) ? CONTAINERS : [];
}

/** `.`, `..` and doubled slashes resolved by the letter, and /var/run as what it is. */
export function plainPath(path: string): string {
  if (!path.startsWith('/')) return path;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`.replace(/^\/var\/run\//, '/run/');
}

/** A busybox is what it is called, or what its first argument says. */
function commandOf(
  path: string,
  argv: readonly string[],
): { name: string; rest: readonly string[] } {
  const name = basename(path);
  if (name !== 'busybox') return { name, rest: argv.slice(1) };
  const called = basename(argv[0] ?? '');
  return called === 'busybox'
    ? { name: basename(argv[1] ?? ''), rest: argv.slice(2) }
    : { name: called, rest: argv.slice(1) };
}

const basename = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

function when(word: RegExp, names: readonly string[]) {
  return (argv: readonly string[]) => (argv.some((one) => word.test(one)) ? names : null);
}

function unless(word: RegExp, names: readonly string[]) {
  return (argv: readonly string[]) => (argv.some((one) => word.test(one)) ? null : names);
}
