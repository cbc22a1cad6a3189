import { plainPath } from './endpoints.js';

/**
 * Sockets everybody speaks to and that start nothing for anybody. Only where nobody but root can put another socket in
 * their place: the directories are root's.
 */
const PLACES: readonly { readonly path: RegExp; readonly why: string }[] = [
  { path: /^\/dev\/log$/, why: 'syslog: lines are written down' },
  { path: /^\/run\/systemd\/journal\//, why: 'the journal: lines are written down' },
  {
    path: /^\/run\/systemd\/(notify|resolve\/|userdb\/)/,
    why: 'readiness, names and accounts: answers only',
  },
  { path: /^\/run\/nscd\//, why: 'accounts and host names: answers only' },
  { path: /^\/run\/watchfloor\//, why: 'this program: it takes records' },
];

/**
 * Programs that serve a socket anybody can make, as they are installed. What they run, if anything, they choose
 * themselves: a pinentry or an askpass, never what a client names.
 */
const PROGRAMS: readonly { readonly exe: RegExp; readonly why: string }[] = [
  { exe: /\/(Xorg|Xwayland|Xvnc|Xvfb)$/, why: 'display server: it draws' },
  // Not every compositor: sway runs what its socket is told to.
  { exe: /\/(weston|mutter|kwin_wayland)$/, why: 'display server: it draws' },
  { exe: /\/(pulseaudio|pipewire|pipewire-pulse|wireplumber)$/, why: 'sound server: it plays' },
  { exe: /\/ssh-agent$/, why: 'signs; what it starts is its own askpass' },
  {
    exe: /\/(gpg-agent|dirmngr|keyboxd)$/,
    why: 'signs and fetches keys; what it starts is its own pinentry',
  },
  { exe: /\/systemd-(journald|resolved|userdbd)$/, why: 'answers only' },
  { exe: /\/(nscd|rsyslogd|syslog-ng)$/, why: 'answers or writes down' },
];

/** Where only root installs: a copy elsewhere is anybody's program. */
const INSTALLED = /^\/(usr\/)?(bin|sbin|lib|lib64|libexec)\//;

export const isHarmlessPlace = (path: string): boolean => {
  const plain = plainPath(path);
  return PLACES.some((place) => place.path.test(plain));
};

export const isHarmlessProgram = (exe: string): boolean =>
  INSTALLED.test(exe) && PROGRAMS.some((program) => program.exe.test(exe));
