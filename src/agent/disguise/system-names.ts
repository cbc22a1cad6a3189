import { nameIn } from './names.js';

/** Programs of an operating system that run on most machines and that nobody looks at twice. */
const PROGRAMS = new Set(
  (
    'init sshd sshd-session nginx apache2 httpd lighttpd cron crond atd anacron agetty getty dbus-daemon ' +
    'dbus-broker rsyslogd syslogd syslog-ng klogd auditd udevd polkitd chronyd ntpd dhclient dhcpcd NetworkManager ' +
    'wpa_supplicant cupsd snapd dockerd containerd containerd-shim kubelet crio accounts-daemon irqbalance acpid ' +
    'gdm3 lightdm Xorg pipewire pulseaudio multipathd lvmetad smartd thermald rpcbind avahi-daemon ' +
    'ModemManager upowerd fwupd packagekitd unattended-upgr firewalld fail2ban-server exim4'
  ).split(' '),
);

/** As the kernel names them; ps(1) adds brackets. */
const KERNEL_THREADS =
  /^(kworker\/|(ksoftirqd|migration|idle_inject|cpuhp|rcub|rcuop|irq|jbd2|xfsaild)\/[\w-]|rcu_(sched|preempt|par_gp|gp|tasks_)|scsi_(eh|tmf)_\d|md\d+_raid|(kswapd|kcompactd)\d*$|(kthreadd|khugepaged|khungtaskd|kdevtmpfs|kauditd|kblockd|ksmd|kthrotld|oom_reaper|watchdogd|mm_percpu_wq|dmcrypt_write)$)/;

/** `comm` holds 15 bytes. */
const COMM_BYTES = 15;
const SHORTENED = new Set([...PROGRAMS].map((name) => name.slice(0, COMM_BYTES)));

export const looksLikeKernelThread = (text: string): boolean =>
  KERNEL_THREADS.test(text.replace(/^\[(.*)\]$/, '$1'));

/**
 * As ps(1) shows what has no command line. At exec no program has reason to be called so; a title may be, as that of
 * Celery: `[celeryd: celery@host]`.
 */
export const isBracketed = (text: string): boolean => /^\[[^\]\s]+\]$/.test(text);

/**
 * The system program or kernel thread that a name, title or `comm` claims to be; null: none. `sshd: alice@pts/0` claims
 * to be sshd, `my-nginx` nothing.
 */
export function systemNameIn(text: string): string | null {
  const [first = ''] = text.trim().split(/\s+/);
  if (looksLikeKernelThread(text.trim()) || looksLikeKernelThread(first)) return first;
  const name = nameIn(first);
  const isSystem = PROGRAMS.has(name) || SHORTENED.has(name) || /^systemd(-[a-z-]+)?$/.test(name);
  return isSystem ? name : null;
}
