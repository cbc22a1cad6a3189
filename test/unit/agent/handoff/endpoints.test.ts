import t from 'tap';
import { requestOfExec, requestOfSocket } from '../../../../src/agent/handoff/endpoints.js';
import { isHarmlessPlace, isHarmlessProgram } from '../../../../src/agent/handoff/harmless.js';
import { execEvent } from '../../../helpers/events.js';

const key = { tgid: 10, startNs: 1n };
const asked = (...argv: readonly string[]) =>
  requestOfExec(execEvent(key, argv[0] ?? '', { argv }));

t.test('a command that has others start something is an ask, one that lists is none', async (t) => {
  t.match(asked('/usr/bin/crontab', '-'), {
    via: 'crontab',
    names: ['cron', 'crond'],
    childUid: 1000,
    relayUids: null,
    windowNs: 70_000_000_000n,
  });
  t.match(asked('/usr/bin/at', 'now', '+', '1', 'minute'), { names: ['atd'], childUid: 1000 });
  t.match(asked('/usr/bin/systemd-run', '--user', 'x'), {
    via: 'systemd-run',
    names: ['systemd'],
    childUid: null,
    relayUids: [0, 1000],
    windowNs: 10_000_000_000n,
  });
  for (const line of [
    ['/usr/bin/batch'],
    ['/bin/systemctl', '--user', 'start', 'x.service'],
    ['/bin/systemctl', 'enable', '--now', 'x'],
    ['/usr/bin/loginctl', 'enable-linger'],
    ['/usr/bin/busctl', 'call', 'x'],
    ['/usr/bin/dbus-send', 'x'],
    ['/usr/bin/gdbus', 'call'],
    ['/usr/bin/machinectl', 'shell'],
    ['/usr/bin/docker', 'run', 'x'],
  ] as const) {
    t.ok(asked(...line), line.join(' '));
  }
  for (const line of [
    ['/usr/bin/crontab', '-l'],
    ['/usr/bin/at', '-l'],
    ['/bin/systemctl', 'status', 'x'],
    ['/usr/bin/loginctl', 'list-sessions'],
    ['/usr/bin/cat', 'crontab'],
    ['/usr/bin/constructor'],
    [''],
  ] as const) {
    t.equal(asked(...line), null, line.join(' '));
  }
});

t.test('root may schedule for another account, and then any user fits', async (t) => {
  const asRoot = (...argv: string[]) =>
    requestOfExec(execEvent(key, '/usr/bin/crontab', { uid: 0, argv: ['crontab', ...argv] }));
  t.match(asRoot('-u', 'bob', '-'), { childUid: null });
  t.match(asRoot('-'), { childUid: 0 });
});

t.test('a busybox is what it was called', async (t) => {
  const box = (...argv: string[]) => requestOfExec(execEvent(key, '/bin/busybox', { argv }));
  t.match(box('crontab', '-'), { via: 'crontab' });
  t.match(box('/bin/busybox', 'crontab', '-'), { via: 'crontab' });
  t.equal(box('busybox', 'ls'), null);
  t.equal(box('busybox', 'crontab', '-l'), null);
});

t.test('known sockets name the programs behind them, and whose they are', async (t) => {
  const behind = (path: string) => {
    const { names, relayUids } = requestOfSocket(path);
    return { first: names[0], relayUids };
  };
  const systemd = { first: 'systemd', relayUids: [0] };
  t.same(behind('/run/systemd/private'), systemd);
  t.same(behind('/var/run/dbus/system_bus_socket'), systemd);
  t.same(behind('/run/./user/../dbus//system_bus_socket'), systemd);
  t.same(behind('/run/user/1000/bus'), { first: 'systemd', relayUids: [1000] });
  t.same(behind('/run/user/1000/systemd/private'), { first: 'systemd', relayUids: [1000] });
  t.same(behind('@/tmp/dbus-abc'), systemd);
  for (const path of [
    '/var/run/docker.sock',
    '/run/containerd/containerd.sock',
    '/run/podman/podman.sock',
    '/run/user/1000/docker.sock',
    '/var/run/crio/crio.sock',
  ]) {
    t.same(behind(path), { first: 'dockerd', relayUids: null }, path);
  }
  t.ok(requestOfSocket('/run/docker.sock').names.includes('containerd-shim-runc-v2'));
  t.same(behind('/tmp/relay.sock'), { first: undefined, relayUids: null });
});

t.test('what starts nothing for anybody is let be, but not a copy of it', async (t) => {
  for (const path of ['/dev/log', '/run/systemd/journal/stdout', '/var/run/nscd/socket']) {
    t.ok(isHarmlessPlace(path), path);
  }
  for (const path of [
    '/tmp/dev/log',
    '/run/systemd/private',
    '/run/systemd/journal',
    '@/dev/log',
  ]) {
    t.notOk(isHarmlessPlace(path), path);
  }
  t.notOk(isHarmlessPlace('/run/systemd/journal/../../../tmp/relay'));
  t.ok(isHarmlessProgram('/usr/bin/ssh-agent'));
  t.notOk(isHarmlessProgram('/tmp/ssh-agent'));
  t.notOk(isHarmlessProgram('/usr/bin/sway'), 'its socket runs what it is told');
  t.notOk(isHarmlessProgram('/usr/bin/not-ssh-agent'));
});
